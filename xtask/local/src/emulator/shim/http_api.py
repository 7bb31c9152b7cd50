"""`Body` and `FailOnWarnings` of AWS::ApiGatewayV2::Api: routes, integrations, authorizers and CORS of an OpenAPI document."""

import json

from ministack.services import apigateway
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS

from responses import checked


API = HANDLERS["AWS::ApiGatewayV2::Api"]
create_plain_api, update_plain_api, delete_plain_api = API["create"], API["update"], API["delete"]
SERVED = (apigateway._routes, apigateway._integrations, apigateway._authorizers)
METHODS = ("get", "head", "put", "post", "patch", "delete", "options", "x-amazon-apigateway-any-method")


def without_body(properties):
    """Returns the properties with the values of the OpenAPI document instead of the document."""
    body = properties.get("Body")
    if not body:
        return properties
    plain = {name: value for name, value in properties.items() if name not in ("Body", "FailOnWarnings")}
    information = body.get("info", {})
    document = {
        "Name": information.get("title"),
        "Version": information.get("version"),
        "Description": information.get("description"),
        "CorsConfiguration": body.get("x-amazon-apigateway-cors"),
    }
    return {"ProtocolType": "HTTP", **plain, **{name: value for name, value in document.items() if value}}


def created(response, id_name):
    return json.loads(checked(response)[1])[id_name]


def import_authorizer(api_id, name, extension):
    """Creates the authorizer that an extension defines.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
    """
    authorizer = {
        **extension,
        "name": name,
        "authorizerType": extension["type"].upper(),
        "identitySource": [source.strip() for source in extension.get("identitySource", "").split(",") if source.strip()],
        "authorizerCredentialsArn": extension.get("authorizerCredentials", ""),
    }
    return created(apigateway._create_authorizer(api_id, authorizer), "authorizerId")


def import_route(api_id, route_key, operation, security, authorizers):
    """Creates the integration and the route of one operation in the document."""
    extension = operation.get("x-amazon-apigateway-integration")
    if not extension:
        raise ValueError(f"{route_key} has no x-amazon-apigateway-integration.")
    integration = {
        **extension,
        "integrationType": extension["type"].upper(),
        "integrationUri": extension["uri"],
        "integrationMethod": extension.get("httpMethod", "POST"),
    }
    integration_id = created(apigateway._create_integration(api_id, integration), "integrationId")
    route = {
        "routeKey": route_key,
        "target": f"integrations/{integration_id}",
        "operationName": operation.get("operationId", ""),
    }
    for requirement in operation.get("security", security):
        for name, scopes in requirement.items():
            if name not in authorizers:
                raise ValueError(f"{route_key} names the security scheme {name}, which has no authorizer.")
            kind, route["authorizerId"] = authorizers[name]
            route["authorizationType"] = "JWT" if kind == "JWT" else "CUSTOM"
            route["authorizationScopes"] = scopes
    created(apigateway._create_route(api_id, route), "routeId")


def import_routes(api_id, body):
    authorizers = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        extension = scheme.get("x-amazon-apigateway-authorizer")
        if extension:
            authorizers[name] = (extension["type"].upper(), import_authorizer(api_id, name, extension))
    for path, operations in body.get("paths", {}).items():
        for method, operation in operations.items():
            if method in METHODS:
                verb = "ANY" if method.startswith("x-") else method.upper()
                # In a document, `/$default` is the catch-all route. Its key has no method.
                route_key = "$default" if path == "/$default" else f"{verb} {path}"
                import_route(api_id, route_key, operation, body.get("security", []), authorizers)


def check_route_settings(api_id, settings):
    """Rejects settings for routes that do not exist, also when routes are removed, and in a rollback."""
    keys = {route["routeKey"] for route in apigateway._routes.get(api_id, {}).values()}
    for key in settings:
        if key not in keys:
            raise ValueError(f"Unable to find Route by key {key} within the provided RouteSettings")


def import_body(api_id, body):
    """Replaces the routes, integrations and authorizers of an API.

    If this fails, the API is unchanged, because a failed handler must not change its resource. No other request can
    run meanwhile, because handlers block the event loop.
    """
    before = [(store, store.get(api_id, {})) for store in SERVED]
    for store in SERVED:
        store[api_id] = {}
    try:
        import_routes(api_id, body)
        for stage in apigateway._stages.get(api_id, {}).values():
            check_route_settings(api_id, stage.get("routeSettings", {}))
    except Exception:
        for store, content in before:
            store[api_id] = content
        raise


def create_api(logical_id, properties, stack_name):
    physical_id, attributes = create_plain_api(logical_id, without_body(properties), stack_name)
    if properties.get("Body"):
        try:
            import_body(physical_id, properties["Body"])
        except Exception:
            delete_plain_api(physical_id, properties)
            raise
    return physical_id, attributes


def update_api(physical_id, old, new, stack_name, logical_id=None):
    if new.get("Body"):
        import_body(physical_id, new["Body"])
    return update_plain_api(physical_id, without_body(old), without_body(new), stack_name, logical_id)


API.update(create=create_api, update=update_api)

STAGE = HANDLERS["AWS::ApiGatewayV2::Stage"]
create_any_stage, update_any_stage = STAGE["create"], STAGE["update"]


def create_stage(logical_id, properties, stack_name):
    check_route_settings(properties["ApiId"], properties.get("RouteSettings", {}))
    return create_any_stage(logical_id, properties, stack_name)


def update_stage(physical_id, old, new, *more):
    check_route_settings(new["ApiId"], new.get("RouteSettings", {}))
    return update_any_stage(physical_id, old, new, *more)


STAGE.update(create=create_stage, update=update_stage)
