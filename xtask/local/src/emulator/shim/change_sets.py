"""Change sets that import buckets, revert drift of buckets and queues, and roll back if an alarm is active."""

import json
from xml.etree.ElementTree import fromstring

from ministack.services import cloudformation, cloudwatch, s3
from ministack.services.cloudformation import changesets, drift, handlers, stacks
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS


deploy_stack = changesets._deploy_stack_async


def deploy_with_imports(*arguments, imports=None, **options):
    """Skips MiniStack's check that no bucket of the template exists, which also fails for imported buckets."""
    if imports:
        cloudformation._stacks[arguments[0]]["_disable_validation"] = True
    return deploy_stack(*arguments, imports=imports, **options)


changesets._deploy_stack_async = deploy_with_imports


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

# Drift of other types remains: CloudFormation leaves drift that it cannot revert. Cloud Control can (`cloud_control`).
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
