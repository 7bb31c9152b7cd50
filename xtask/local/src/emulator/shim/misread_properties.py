"""Properties that MiniStack misreads: throttling of stages, and its own tags."""

from ministack.services.cloudformation import provisioners
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS


def rewrite_properties(resource_type, rewrite):
    """Rewrites the properties for the handlers of a type. They are the only dictionaries among the arguments."""
    handlers = HANDLERS[resource_type]

    def rewritten(handler):
        return lambda *arguments: handler(
            *(rewrite(argument) if isinstance(argument, dict) else argument for argument in arguments)
        )

    handlers.update(create=rewritten(handlers["create"]), update=rewritten(handlers["update"]))


def with_readable_throttling(properties):
    """Lowers the first letter of each route setting, as in the API's `throttlingRateLimit`. MiniStack does not."""
    settings = {"default": properties.get("DefaultRouteSettings", {}), **properties.get("RouteSettings", {})}
    settings = {
        route: {name[0].lower() + name[1:]: value for name, value in values.items()}
        for route, values in settings.items()
    }
    return {**properties, "DefaultRouteSettings": settings.pop("default"), "RouteSettings": settings}


rewrite_properties("AWS::ApiGatewayV2::Stage", with_readable_throttling)

# Resources that CloudFormation does not give its own tags. Permissions to tag them are not needed:
# https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1159 (IAM::Role) and issues/2126.
for untagged in ("AWS::IAM::Role", "AWS::CloudFront::Distribution"):
    provisioners._STACK_TAG_PROPERTY.pop(untagged, None)
