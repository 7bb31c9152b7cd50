"""Starts MiniStack with additional CloudFormation features that our template needs.

MiniStack has one table of resource handlers: `create`, `update` and `delete` for each type. This shim adds or wraps:

- AWS::CloudFront::PublicKey and AWS::CloudFront::KeyGroup, through MiniStack's CloudFront API and its errors;
- `Body` and `FailOnWarnings` of AWS::ApiGatewayV2::Api: routes, integrations, authorizers and CORS of an OpenAPI
  document;
- import of existing buckets by a change set (`ImportExistingResources`), drift detection of buckets, and change sets
  that revert drift (`REVERT_DRIFT`) of buckets and queues;
- rollback triggers: an alarm that is active after the last change rolls it back, without a monitoring time;
- GetResource, ListResources and UpdateResource of Cloud Control for resources that were not created through it;
- `Metrics` of AWS::CloudWatch::Alarm (accepted, never evaluated) and throttling of AWS::ApiGatewayV2::Stage;
- the policies of roles, buckets and queues, for the server that checks permissions in front of the emulator, and a
  question to it before CloudFormation changes a resource;
- further pages of FilterLogEvents, and a limit on the events that a log stream keeps;
- `encoding-type=url` of ListObjectVersions.

It also disables MiniStack's poller of event source mappings, because the local stack polls the queues itself.
If a handler raises an exception, the stack rolls back, and the stack events contain the message as the reason.
"""

import base64
import binascii
import copy
import gc
import http.client
import json
import os
import re
import sys
from urllib.parse import quote_plus
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from ministack import app
from ministack.core import responses
from ministack.services import (
    apigateway,
    cloudcontrol,
    cloudformation,
    cloudfront,
    cloudwatch,
    cloudwatch_logs,
    iam,
    kms,
    lambda_svc,
    s3,
    sqs,
    ssm,
)
from ministack.services.cloudformation import changesets, drift, handlers, stacks
from ministack.services.cloudformation import provisioners
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS


def answer(response):
    """Returns the headers and the body of a service's response, or raises its error."""
    status, headers, body = response
    text = body.decode() if isinstance(body, bytes) else body
    if status < 400:
        return headers, text
    if text.startswith("{"):
        raise ValueError(json.loads(text)["message"])
    error = {element.tag.rpartition("}")[2]: element.text for element in fromstring(text).iter()}
    raise ValueError(f"{error['Code']}: {error['Message']}")


# --- AWS::CloudFront::PublicKey and AWS::CloudFront::KeyGroup --------------------------------------------------------

# The DER SubjectPublicKeyInfo of each key type that CloudFront accepts has a fixed length and a fixed beginning.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
PUBLIC_KEYS = {
    294: bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100"),  # RSA, 2048 bits
    91: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),  # EC, P-256
}
PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")


def check_public_key(pem):
    """Rejects keys other than RSA 2048 or EC P-256 in PEM, like CloudFront. MiniStack accepts any text."""
    match = PEM.fullmatch(pem)
    try:
        der = base64.b64decode("".join(match[1].split()), validate=True) if match else b""
    except binascii.Error:
        der = b""
    header = PUBLIC_KEYS.get(len(der))
    if header is None or not der.startswith(header):
        raise ValueError("InvalidArgument: EncodedKey is not the PEM of an RSA 2048 or EC P-256 public key.")


def element(tag, config):
    """Returns a flat configuration as XML for the CloudFront API."""
    root = Element(tag)
    for name, value in config.items():
        child = SubElement(root, name)
        if isinstance(value, list):
            for item in value:
                SubElement(child, "PublicKey").text = item
        else:
            child.text = value
    return tostring(root)


def cloudfront_handlers(config_name, store, service_create, service_update, service_delete, check=lambda config: None):
    """Returns the handlers of a CloudFront resource that consists of one flat configuration."""

    def attributes(physical_id):
        record = store[physical_id]
        return {name: record[name] for name in ("Id", "CreatedTime", "LastModifiedTime") if name in record}

    def create(logical_id, properties, stack_name):
        check(properties[config_name])
        headers, _ = answer(service_create(element(config_name, properties[config_name])))
        physical_id = headers["Location"].rpartition("/")[2]
        return physical_id, attributes(physical_id)

    def update(physical_id, old, new, stack_name):
        etag = {"if-match": store[physical_id]["ETag"]}
        answer(service_update(physical_id, etag, element(config_name, new[config_name])))
        return physical_id, attributes(physical_id)

    def delete(physical_id, properties):
        if physical_id in store:
            answer(service_delete(physical_id, {"if-match": store[physical_id]["ETag"]}))

    return {"create": create, "update": update, "delete": delete}


HANDLERS["AWS::CloudFront::PublicKey"] = cloudfront_handlers(
    "PublicKeyConfig",
    cloudfront._public_keys,
    cloudfront._create_public_key,
    # Rejects all changes except to the comment, as CloudFormation does when it updates a key in place:
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdatePublicKey.html
    cloudfront._update_public_key,
    cloudfront._delete_public_key,
    lambda config: check_public_key(config["EncodedKey"]),
)
HANDLERS["AWS::CloudFront::KeyGroup"] = cloudfront_handlers(
    "KeyGroupConfig",
    cloudfront._key_groups,
    cloudfront._create_key_group,
    cloudfront._update_key_group,
    cloudfront._delete_key_group,
)


# --- AWS::ApiGatewayV2::Api with a Body ------------------------------------------------------------------------------

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
    return json.loads(answer(response)[1])[id_name]


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


# --- Properties that MiniStack misreads ------------------------------------------------------------------------------


def rewrite_properties(resource_type, rewrite):
    """Rewrites the properties for the handlers of a type. They are the only dictionaries among the arguments."""
    handlers = HANDLERS[resource_type]

    def rewritten(handler):
        return lambda *arguments: handler(
            *(rewrite(argument) if isinstance(argument, dict) else argument for argument in arguments)
        )

    handlers.update(create=rewritten(handlers["create"]), update=rewritten(handlers["update"]))


def without_metric_math(properties):
    """Replaces `Metrics`, which MiniStack rejects, by the first metric. No metric data arrives here anyway."""
    if "Metrics" not in properties:
        return properties
    plain = {name: value for name, value in properties.items() if name != "Metrics"}
    metric = next(query["MetricStat"]["Metric"] for query in properties["Metrics"] if "MetricStat" in query)
    return {**plain, "Namespace": metric["Namespace"], "MetricName": metric["MetricName"]}


def with_readable_throttling(properties):
    """Lowers the first letter of each route setting, as in the API's `throttlingRateLimit`. MiniStack does not."""
    settings = {"default": properties.get("DefaultRouteSettings", {}), **properties.get("RouteSettings", {})}
    settings = {
        route: {name[0].lower() + name[1:]: value for name, value in values.items()}
        for route, values in settings.items()
    }
    return {**properties, "DefaultRouteSettings": settings.pop("default"), "RouteSettings": settings}


rewrite_properties("AWS::CloudWatch::Alarm", without_metric_math)
rewrite_properties("AWS::ApiGatewayV2::Stage", with_readable_throttling)


# --- Resources that outlived their stack ------------------------------------------------------------------------------

deploy_stack = changesets._deploy_stack_async


def deploy_with_imports(*arguments, imports=None, **options):
    """Skips MiniStack's check that no bucket of the template exists, which also fails for imported buckets."""
    if imports:
        cloudformation._stacks[arguments[0]]["_disable_validation"] = True
    return deploy_stack(*arguments, imports=imports, **options)


changesets._deploy_stack_async = deploy_with_imports


# --- Bucket properties and drift --------------------------------------------------------------------------------------

BUCKET = HANDLERS["AWS::S3::Bucket"]
CORS_LISTS = {
    "AllowedHeader": "AllowedHeaders",
    "AllowedMethod": "AllowedMethods",
    "AllowedOrigin": "AllowedOrigins",
    "ExposeHeader": "ExposedHeaders",
}
# Lifecycle configurations by bucket. MiniStack does not keep those of a template.
lifecycles = {}


def keep_lifecycle(handler):
    def kept(*arguments):
        name, attributes = handler(*arguments)
        # The last dictionary among the arguments contains the new properties.
        properties = [argument for argument in arguments if isinstance(argument, dict)][-1]
        lifecycles[name] = properties.get("LifecycleConfiguration")
        return name, attributes

    return kept


BUCKET.update(create=keep_lifecycle(BUCKET["create"]), update=keep_lifecycle(BUCKET["update"]))


def local_name(element):
    return element.tag.rpartition("}")[2]


def cors_rule(element):
    rule = {}
    for child in element:
        name = local_name(child)
        if name in CORS_LISTS:
            rule.setdefault(CORS_LISTS[name], []).append(child.text)
        elif name == "MaxAgeSeconds":
            rule["MaxAge"] = int(child.text)
    return rule


def bucket_properties(name, expected=None):
    """Returns the properties of a bucket in the format of a template.

    Encryption and ownership are the defaults of all buckets:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    """
    if name not in s3._buckets:
        return None
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    properties = {
        "BucketName": name,
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }
    if s3._bucket_versioning.get(name):
        properties["VersioningConfiguration"] = {"Status": s3._bucket_versioning[name]}
    if s3._bucket_cors.get(name):
        rules = [cors_rule(rule) for rule in fromstring(s3._bucket_cors[name])]
        properties["CorsConfiguration"] = {"CorsRules": rules}
    if s3._buckets[name].get("_public_access_block"):
        block = fromstring(s3._buckets[name]["_public_access_block"])
        settings = {local_name(setting): setting.text == "true" for setting in block}
        properties["PublicAccessBlockConfiguration"] = settings
    if lifecycles.get(name):
        properties["LifecycleConfiguration"] = lifecycles[name]
    return properties


COMPARED = {"BucketName", "CorsConfiguration", "PublicAccessBlockConfiguration", "VersioningConfiguration"}
drift._DRIFT_READERS["AWS::S3::Bucket"] = (bucket_properties, frozenset(COMPARED))

# Drift of other types remains, as CloudFormation leaves what it cannot put back. Cloud Control puts it back below.
REVERTED = {"AWS::S3::Bucket", "AWS::SQS::Queue"}

create_change_set = changesets._create_change_set
execute_change_set = changesets._execute_change_set
differing_resources = changesets._diff_resources


def drifts(resources):
    """Yields each drifted resource with its record and the detected drift."""
    for logical_id, record in resources.items():
        if record["ResourceType"] in REVERTED:
            found = drift.detect_resource_drift({}, logical_id, record, "")
            if found["StackResourceDriftStatus"] == "MODIFIED":
                yield logical_id, record, found


def with_drifted_resources(old, new, resources=None, *arguments):
    changes = differing_resources(old, new, resources, *arguments)
    changed = {change["ResourceChange"]["LogicalResourceId"] for change in changes}
    for logical_id, record, _ in drifts(resources or {}):
        if logical_id not in changed:
            change = {
                "Action": "Modify",
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": record["PhysicalResourceId"],
                "ResourceType": record["ResourceType"],
                "Replacement": "False",
                "Scope": ["Properties"],
                "Details": [],
            }
            changes.append({"ResourceChange": change})
    return changes


def find_change_set(parameters):
    names = (changesets._p(parameters, name) for name in ("ChangeSetName", "StackName"))
    return changesets._find_change_set(*names)[1]


# The rollback triggers of the running operation of each stack: ARNs of alarms.
rollback_triggers = {}


def requested_triggers(parameters):
    prefix = "RollbackConfiguration.RollbackTriggers.member"
    number = 1
    while arn := changesets._p(parameters, f"{prefix}.{number}.Arn"):
        yield arn
        number += 1


def create_guarded_change_set(parameters):
    response = create_change_set(parameters)
    if response[0] < 400:
        find_change_set(parameters)["_rollback_triggers"] = list(requested_triggers(parameters))
    return response


resolve_stack_outputs = stacks._resolve_stack_outputs


def resolve_outputs_unless_alarmed(outputs, conditions, resources, parameters, mappings, stack_name, stack_id):
    """Fails an operation after its last resource if an alarm became active, or is missing."""
    for arn in rollback_triggers.get(stack_name, []):
        alarm = cloudwatch._alarms.get(arn.rpartition(":alarm:")[2])
        if alarm is None:
            raise ValueError(f"Rollback trigger {arn} does not exist")
        if alarm["StateValue"] == "ALARM":
            raise ValueError(f"Rollback trigger {arn} went to ALARM state")
    return resolve_stack_outputs(outputs, conditions, resources, parameters, mappings, stack_name, stack_id)


stacks._resolve_stack_outputs = resolve_outputs_unless_alarmed


def create_drift_aware_change_set(parameters):
    if changesets._p(parameters, "DeploymentMode") != "REVERT_DRIFT":
        return create_guarded_change_set(parameters)
    changesets._diff_resources = with_drifted_resources
    try:
        response = create_change_set(parameters)
    finally:
        changesets._diff_resources = differing_resources
    if response[0] < 400:
        find_change_set(parameters)["_reverts_drift"] = True
    return response


def execute_drift_aware_change_set(parameters):
    """Records the actual properties as the deployed ones, so that the update restores those of the template."""
    change_set = find_change_set(parameters)
    if change_set:
        rollback_triggers[change_set["StackName"]] = change_set.get("_rollback_triggers", [])
    if change_set and change_set.get("_reverts_drift"):
        stack = cloudformation._stacks[change_set["StackName"]]
        for _, record, found in drifts(stack["_resources"]):
            compared = json.loads(found["ExpectedProperties"])
            others = {name: value for name, value in record["Properties"].items() if name not in compared}
            record["Properties"] = {**others, **json.loads(found["ActualProperties"])}
    return execute_change_set(parameters)


handlers._ACTION_HANDLERS["CreateChangeSet"] = create_drift_aware_change_set
handlers._ACTION_HANDLERS["ExecuteChangeSet"] = execute_drift_aware_change_set


# --- Cloud Control ---------------------------------------------------------------------------------------------------

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


# --- What the server in front of the emulator checks -----------------------------------------------------------------

POLICIES = "/_local/policies"


def document(policy):
    """Returns a policy, which MiniStack stores as text or as an object. What is not JSON is no policy."""
    if not isinstance(policy, str):
        return policy
    try:
        return json.loads(policy)
    except ValueError:
        return None


def managed_policy(arn):
    """Returns the document of a managed policy, or None if it does not exist."""
    policy = iam._policies.get(arn)
    if policy is None:
        return None
    return document(policy["Versions"][policy["DefaultVersionId"]]["Document"])


def policies_of(role):
    boundary = role.get("PermissionsBoundary")
    managed = [managed_policy(arn) for arn in role["AttachedPolicies"]]
    inline = [document(policy) for policy in role["InlinePolicies"].values()]
    return {
        "policies": [policy for policy in managed + inline if policy],
        "boundary": [boundary, managed_policy(boundary)] if boundary else None,
    }


def key_arns(keys, default):
    """Returns the ARN of each key that has a policy of its own. Everybody in the account may use the default one."""
    found = {}
    for name, key in keys.items():
        if key and key != default:
            resolved = kms._resolve_key(key)
            found[name] = resolved["Arn"] if resolved else key
    return found


def policies():
    """Returns the policies of all roles, buckets and queues, and what else permissions depend on."""
    queues = {}
    for queue in sqs._queues.to_dict().values():
        policy = queue["attributes"].get("Policy")
        if policy:
            queues[queue["attributes"]["QueueArn"].rpartition(":")[2]] = document(policy)
    return {
        "roles": {role["RoleName"]: policies_of(role) for role in iam._roles.to_dict().values()},
        "buckets": {name: document(policy) for (_, name), policy in s3._bucket_policies.to_dict().items()},
        "queues": queues,
        "change_sets": {
            change_set["ChangeSetId"]: change_set["StackName"] for change_set in cloudformation._change_sets.to_dict().values()
        },
        "parameter_keys": key_arns(
            {name: parameter.get("KeyId") for name, parameter in ssm._parameters.items()}, "alias/aws/ssm"
        ),
        "queue_keys": key_arns(
            {
                queue["attributes"]["QueueArn"].rpartition(":")[2]: queue["attributes"].get("KmsMasterKeyId")
                for queue in sqs._queues.to_dict().values()
            },
            "alias/aws/sqs",
        ),
        "event_source_mappings": {
            identifier: mapping["FunctionArn"] for identifier, mapping in lambda_svc._esms.items()
        },
    }


serve_aws = app.app


async def serve(scope, receive, send):
    if scope["type"] != "http" or scope["path"] != POLICIES:
        return await serve_aws(scope, receive, send)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(policies()).encode()})


app.app = serve

# Clients know the address of that server, and take URLs of queues with it.
sqs.DEFAULT_PORT = os.environ["PUBLIC_PORT"]
sqs._CANONICAL_NETLOC = f"{sqs.DEFAULT_HOST}:{sqs.DEFAULT_PORT}"


# --- CloudWatch Logs -------------------------------------------------------------------------------------------------

MAXIMUM_EVENTS = 10_000
filter_first_log_events = cloudwatch_logs._filter_log_events


def filter_log_events(data):
    """Adds paging. MiniStack returns only the first events, without a token.

    The token consists of the time of the last event and the number of events with that time returned so far.
    """
    token = data.get("nextToken")
    start, skip = (int(number) for number in token.split(":")) if token else (data.get("startTime"), 0)
    limit = min(data.get("limit", MAXIMUM_EVENTS) + skip, MAXIMUM_EVENTS)
    response = filter_first_log_events({**data, "startTime": start, "limit": limit})
    status, headers, body = response
    if status >= 400:
        return response
    page = json.loads(body)
    found = page["events"]
    page["events"] = found[skip:]
    if len(found) == limit and page["events"]:
        last = found[-1]["timestamp"]
        page["nextToken"] = f"{last}:{sum(event['timestamp'] == last for event in found)}"
    return status, headers, json.dumps(page)


cloudwatch_logs._filter_log_events = filter_log_events

KEPT_EVENTS = 20_000
put_all_log_events = cloudwatch_logs._put_log_events


def put_log_events(data):
    """Removes the oldest events of a stream. MiniStack keeps all events in memory."""
    response = put_all_log_events(data)
    if response[0] < 400:
        stream = cloudwatch_logs._log_groups[data["logGroupName"]]["streams"][data["logStreamName"]]
        for event in stream["events"][:-KEPT_EVENTS]:
            cloudwatch_logs._log_records.pop(event["eventId"], None)
        del stream["events"][:-KEPT_EVENTS]
    return response


cloudwatch_logs._put_log_events = put_log_events


# --- S3 --------------------------------------------------------------------------------------------------------------

ENCODED = ("Key", "KeyMarker", "NextKeyMarker", "Prefix", "Delimiter")
list_plain_object_versions = s3._list_object_versions


def list_object_versions(bucket_name, query_params):
    """Adds URL encoding of keys, which MiniStack supports only in other listings. XML cannot contain all keys.

    S3 encodes a space as `+`: https://github.com/boto/boto/pull/2654
    """
    if s3._qp(query_params, "encoding-type", "") != "url":
        return list_plain_object_versions(bucket_name, query_params)
    xml_body = s3._xml_body

    def encoded_body(root):
        if root.tag == "ListVersionsResult":
            for child in root.iter():
                if child.tag in ENCODED and child.text:
                    child.text = quote_plus(child.text, safe="/")
            SubElement(root, "EncodingType").text = "url"
        return xml_body(root)

    # No other request can run meanwhile, because the original function does not await.
    s3._xml_body = encoded_body
    try:
        return list_plain_object_versions(bucket_name, query_params)
    finally:
        s3._xml_body = xml_body


s3._list_object_versions = list_object_versions


# --- Event source mappings -------------------------------------------------------------------------------------------

# MiniStack's poller would receive messages instead of the local stack's poller, and run the function itself.
lambda_svc._ensure_poller = lambda: None


# --- Speed -----------------------------------------------------------------------------------------------------------

# MiniStack corrects the content types of its responses by the models of all services, which take a second of each start
# to load. The AWS SDK for Rust does not read them.
responses._service_model = lambda service: None

# --- Tags ------------------------------------------------------------------------------------------------------------

# Resources that CloudFormation does not give its own tags, so that nobody needs permissions to tag them:
# https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1159 (IAM::Role) and issues/2126.
for untagged in ("AWS::IAM::Role", "AWS::CloudFront::Distribution"):
    provisioners._STACK_TAG_PROPERTY.pop(untagged, None)


# --- What CloudFormation asks the guard ------------------------------------------------------------------------------

# The server that checks permissions and templates; none where nobody does.
GUARD = os.environ.get("GUARD_PORT")


def ask(path, question):
    """Returns the guard's answer. It asks the emulator nothing meanwhile."""
    connection = http.client.HTTPConnection("127.0.0.1", int(GUARD), timeout=30)
    try:
        connection.request("POST", path, json.dumps(question))
        return json.load(connection.getresponse())
    finally:
        connection.close()


# The stack and the logical ID of each resource that was created here. A replaced one is deleted when neither knows it.
owners = {}


def owner(physical_id):
    """Returns the name of the stack that has a resource, and its logical ID there."""
    if physical_id in owners:
        return owners[physical_id]
    for name, stack in cloudformation._stacks.items():
        for logical_id, record in stack["_resources"].items():
            if record.get("PhysicalResourceId") == physical_id:
                return name, logical_id
    return "", ""


# What the services refuse of the template that is being deployed: a message for each logical ID, by stack.
refused_resources = {}


def refusal_of(stack, logical_id, resource_type, operation, properties, identifier):
    """Returns why the caller of CloudFormation may not do this itself, or None."""
    change = {
        "stack": stack,
        "logical_id": logical_id,
        "type": resource_type,
        "operation": operation,
        "properties": properties,
        "identifier": identifier,
        "region": os.environ["MINISTACK_REGION"],
    }
    return ask("/_local/resource-change", change)["refusal"]


def ask_for_change(stack, logical_id, resource_type, operation, properties, identifier):
    """Raises an error if the caller may not do this, or if the service refuses it."""
    refusal = refusal_of(stack, logical_id, resource_type, operation, properties, identifier)
    if refusal:
        raise ValueError(f'Resource handler returned message: "{refusal}" (HandlerErrorCode: AccessDenied)')
    if operation != "delete" and logical_id in refused_resources.get(stack, {}):
        # What is deployed again while the stack is rolled back is the template before.
        message = refused_resources.pop(stack)[logical_id]
        raise ValueError(f'Resource handler returned message: "{message}" (HandlerErrorCode: InvalidRequest)')


def guarded(resource_type, handler):
    """Returns the handlers of a type that ask first."""
    create, update, delete = (handler.get(name) for name in ("create", "update", "delete"))

    def create_if_allowed(logical_id, properties, stack_name):
        ask_for_change(stack_name, logical_id, resource_type, "create", properties, None)
        created = create(logical_id, properties, stack_name)
        owners[created[0]] = stack_name, logical_id
        return created

    def update_if_allowed(physical_id, old, new, stack_name, *more):
        logical_id = owner(physical_id)[1]
        ask_for_change(stack_name, logical_id, resource_type, "update", new, physical_id)
        updated = update(physical_id, old, new, stack_name, *more)
        # An update that replaces the resource returns the ID of the new one.
        owners[updated[0]] = stack_name, logical_id
        return updated

    def delete_if_allowed(physical_id, properties, *more):
        ask_for_change(*owner(physical_id), resource_type, "delete", properties, physical_id)
        return delete(physical_id, properties, *more)

    wrapped = {"create": create_if_allowed, "update": update_if_allowed, "delete": delete_if_allowed}
    return {**handler, **{name: ask_first for name, ask_first in wrapped.items() if handler.get(name)}}


SYSTEMS_MANAGER = "AWS::SSM::Parameter::Value<"


def given_parameters(parameters, declarations, previous):
    """Returns the values in a request, and what the Systems Manager parameters that they name contain."""
    values = {}
    for given in changesets._extract_members(parameters, "Parameters"):
        before = previous.get(given["Key"])
        if given["UsePreviousValue"] and before:
            values[given["Key"]] = before.get("SsmName", before["Value"])
        else:
            values[given["Key"]] = given["Value"]
    for name, declaration in declarations.items():
        if str(declaration.get("Type")).startswith(SYSTEMS_MANAGER) and "Default" in declaration:
            values.setdefault(name, declaration["Default"])

    def resolved(name, value):
        if str(declarations.get(name, {}).get("Type")).startswith(SYSTEMS_MANAGER):
            return ssm.resolve_parameter_value(value)
        return None

    return {name: {"value": value, "resolved": resolved(name, value)} for name, value in values.items()}


def deployed_version(stack):
    """Returns the template that is deployed, and the values of its parameters."""
    if stack is None or not stack.get("_template") or stack["StackStatus"] in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS"):
        return None
    values = {
        name: {"value": value.get("SsmName", value["Value"]), "resolved": value["Value"]}
        for name, value in stack["_resolved_params"].items()
    }
    return {"template": stack["_template"], "parameters": values}


def existing_names():
    """Returns the custom names that exist, by type. Of what CloudFront has, MiniStack itself refuses a second one."""
    return {
        "AWS::CloudWatch::Alarm": list(cloudwatch._alarms),
        "AWS::CloudWatch::Dashboard": list(cloudwatch._dashboards),
        "AWS::IAM::Role": [role["RoleName"] for role in iam._roles.to_dict().values()],
        "AWS::Lambda::Function": list(lambda_svc._functions),
        "AWS::Logs::LogGroup": list(cloudwatch_logs._log_groups),
        "AWS::S3::Bucket": list(s3._buckets),
        "AWS::S3::BucketPolicy": [name for _, name in s3._bucket_policies.to_dict()],
        "AWS::SQS::Queue": [
            queue["attributes"]["QueueArn"].rpartition(":")[2] for queue in sqs._queues.to_dict().values()
        ],
    }


def judge(parameters):
    """Returns what AWS would refuse of a change set, or None if the request is refused anyway."""
    text, error = changesets._resolve_template(parameters)
    stack = handlers._resolve_stack(changesets._p(parameters, "StackName"))
    if error:
        return None
    if not text:
        text = (stack or {}).get("_template_body", "{}")
    try:
        declarations = json.loads(text).get("Parameters", {})
    except (AttributeError, ValueError):
        declarations = {}
    imports = changesets._p(parameters, "ImportExistingResources", "false").lower()
    return ask(
        "/_local/change-set",
        {
            "stack": changesets._p(parameters, "StackName"),
            "template": text,
            "by_url": bool(changesets._p(parameters, "TemplateURL")),
            "parameters": given_parameters(parameters, declarations, (stack or {}).get("_resolved_params", {})),
            "capabilities": changesets._extract_string_members(parameters, "Capabilities"),
            "deployed": deployed_version(stack),
            "import_existing": imports == "true",
            "existing": existing_names(),
        },
    )


def validation_event(change_set, violation):
    """Returns what DescribeEvents tells about a property that fails a change set."""
    return stacks._operation_event(
        change_set["StackId"],
        change_set["ChangeSetId"].rpartition("/")[2],
        "VALIDATION_ERROR",
        "CREATE_CHANGESET",
        LogicalResourceId=violation["logical_id"],
        ResourceType=change_set["_template"]["Resources"].get(violation["logical_id"], {}).get("Type", ""),
        ValidationFailureMode="FAIL",
        ValidationName=violation["validation"],
        ValidationStatus="FAILED",
        ValidationStatusReason=violation["message"],
        ValidationPath=violation["path"],
    )


create_unjudged_change_set = handlers._ACTION_HANDLERS["CreateChangeSet"]
execute_unjudged_change_set = handlers._ACTION_HANDLERS["ExecuteChangeSet"]
describe_events_of_stacks = handlers._ACTION_HANDLERS["DescribeEvents"]


def create_judged_change_set(parameters):
    verdict = judge(parameters)
    if verdict and verdict["error"]:
        return changesets._error(verdict["error"]["code"], verdict["error"]["message"])
    response = create_unjudged_change_set(parameters)
    if verdict is None or response[0] >= 400:
        return response
    change_set = find_change_set(parameters)
    change_set["_refused_resources"] = verdict["resources"]
    if verdict["failure"] and change_set["Status"] != "FAILED":
        change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=verdict["failure"])
        change_set["_operation_events"] = [validation_event(change_set, it) for it in verdict["violations"]]
    return response


def execute_judged_change_set(parameters):
    change_set = find_change_set(parameters)
    if change_set:
        refused_resources[change_set["StackName"]] = change_set.get("_refused_resources", {})
    return execute_unjudged_change_set(parameters)


def describe_events(parameters):
    """Adds the events of change sets."""
    if not changesets._p(parameters, "ChangeSetName"):
        return describe_events_of_stacks(parameters)
    events = (find_change_set(parameters) or {}).get("_operation_events", [])
    members = Element("OperationEvents")
    for event in events:
        member = SubElement(members, "member")
        for name in handlers._OPERATION_EVENT_FIELDS:
            if event.get(name):
                SubElement(member, name).text = event[name]
    body = f"<DescribeEventsResult>{tostring(members, encoding='unicode')}</DescribeEventsResult>"
    return changesets._xml(200, "DescribeEventsResponse", body)


detect_unguarded_drift = drift.detect_resource_drift


def detect_drift(stack, logical_id, record, timestamp):
    """Drift detection reads resources with the permissions of its caller. What it cannot read is in an unknown state."""
    kind, identifier = record["ResourceType"], record["PhysicalResourceId"]
    properties = record.get("Properties") or {}
    # A change set that reverts drift has no stack here; what it changes is asked for when it is executed.
    refusal = stack and refusal_of(stack["StackName"], logical_id, kind, "read", properties, identifier)
    if not refusal:
        return detect_unguarded_drift(stack, logical_id, record, timestamp)
    return {
        "StackId": stack["StackId"],
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": identifier,
        "ResourceType": kind,
        "Timestamp": timestamp,
        "StackResourceDriftStatus": "UNKNOWN",
        "DriftStatusReason": refusal,
    }


UNGUARDED_HANDLERS = dict(HANDLERS)

if GUARD:
    for resource_type in [name for name in HANDLERS if name.startswith("AWS::")]:
        HANDLERS[resource_type] = guarded(resource_type, HANDLERS[resource_type])
    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_judged_change_set
    handlers._ACTION_HANDLERS["ExecuteChangeSet"] = execute_judged_change_set
    handlers._ACTION_HANDLERS["DescribeEvents"] = describe_events
    drift.detect_resource_drift = detect_drift


if __name__ == "__main__":
    # Modules stay, so the garbage collector need not visit them again and again.
    gc.freeze()
    gc.set_threshold(50_000)
    sys.argv = ["ministack"]
    app.main()
