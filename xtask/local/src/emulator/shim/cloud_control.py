"""GetResource, ListResources and UpdateResource of Cloud Control for resources that were not created through it."""

import copy
import json

from ministack.services import apigateway, cloudcontrol, cloudfront, cloudwatch, lambda_svc, s3
from ministack.services.cloudformation import drift
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS


# The handlers without the guard, which has already checked a request to Cloud Control.
UNGUARDED_HANDLERS = dict(HANDLERS)

get_cloud_control_resource = cloudcontrol._get_resource


def read(resource_type, identifier):
    """Returns the properties of a resource in the format of a template, or None if it does not exist."""
    if resource_type in drift._DRIFT_READERS:
        return drift._DRIFT_READERS[resource_type][0](identifier, {})
    stores = {
        "AWS::ApiGatewayV2::Api": apigateway._apis,
        "AWS::CloudFront::CachePolicy": cloudfront._cache_policies,
        "AWS::CloudFront::Distribution": cloudfront._distributions,
        "AWS::CloudFront::KeyGroup": cloudfront._key_groups,
        "AWS::CloudFront::OriginAccessControl": cloudfront._oacs,
        "AWS::CloudFront::PublicKey": cloudfront._public_keys,
        "AWS::CloudFront::ResponseHeadersPolicy": cloudfront._response_headers_policies,
        "AWS::CloudWatch::Alarm": cloudwatch._alarms,
        "AWS::CloudWatch::CompositeAlarm": cloudwatch._composite_alarms,
        "AWS::CloudWatch::Dashboard": cloudwatch._dashboards,
        "AWS::Lambda::EventSourceMapping": lambda_svc._esms,
        "AWS::S3::BucketPolicy": s3._bucket_policies,
    }
    return {} if identifier in stores.get(resource_type, {}) else None


def get_resource(data):
    properties = read(data["TypeName"], data["Identifier"])
    if properties is None:
        return get_cloud_control_resource(data)
    description = {"Identifier": data["Identifier"], "Properties": json.dumps(properties)}
    return cloudcontrol.json_response({"TypeName": data["TypeName"], "ResourceDescription": description})


def listed(resource_type, model):
    """Yields the identifiers and the properties of the resources that belong to another one."""
    if resource_type == "AWS::ApiGatewayV2::Route":
        for route_id, route in apigateway._routes.get(model["ApiId"], {}).items():
            authorization = route.get("authorizationType") or "NONE"
            properties = {"RouteKey": route["routeKey"], "RouteId": route_id, "AuthorizationType": authorization}
            yield f"{model['ApiId']}|{route_id}", {**model, **properties}
    elif resource_type == "AWS::Lambda::Permission":
        function = lambda_svc._functions.get(model["FunctionName"])
        for statement in function["policy"]["Statement"] if function else ():
            principal = statement["Principal"]
            principal = next(iter(principal.values())) if isinstance(principal, dict) else principal
            properties = {"Id": statement["Sid"], "Principal": principal, "Action": statement["Action"]}
            yield f"{model['FunctionName']}|{statement['Sid']}", {**model, **properties}
    else:
        raise NotImplementedError(f"{resource_type} cannot be listed")


def list_resources(data):
    try:
        found = list(listed(data["TypeName"], json.loads(data["ResourceModel"])))
    except NotImplementedError as error:
        return cloudcontrol.error_response_json("UnsupportedActionException", str(error), 400)
    descriptions = [
        {"Identifier": identifier, "Properties": json.dumps(properties)} for identifier, properties in found
    ]
    return cloudcontrol.json_response({"TypeName": data["TypeName"], "ResourceDescriptions": descriptions})


def update_resource(data):
    """Changes a resource of a type that drift is detected for, with the handler that CloudFormation uses.

    The permissions for it were checked with the request.
    """
    resource_type, identifier = data["TypeName"], data["Identifier"]
    if resource_type not in drift._DRIFT_READERS:
        message = f"{resource_type} cannot be updated"
        return cloudcontrol.error_response_json("UnsupportedActionException", message, 400)
    before = read(resource_type, identifier)
    if before is None:
        message = f"There is no {identifier}"
        return cloudcontrol.error_response_json("ResourceNotFoundException", message, 400)
    after = cloudcontrol._apply_json_patch(copy.deepcopy(before), json.loads(data["PatchDocument"]))
    try:
        UNGUARDED_HANDLERS[resource_type]["update"](identifier, before, after, "")
        outcome, reason = "SUCCESS", ""
    except Exception as error:
        outcome, reason = "FAILED", str(error)
    event = cloudcontrol._progress_event(
        "UPDATE", outcome, type_name=resource_type, identifier=identifier, status_message=reason
    )
    return cloudcontrol.json_response({"ProgressEvent": cloudcontrol._record_request(event)})


cloudcontrol._get_resource = get_resource
cloudcontrol._list_resources = list_resources
cloudcontrol._update_resource = update_resource
