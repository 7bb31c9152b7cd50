"""Change sets that AWS would reject: the guard is asked before a change set is created."""

import json
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.services import cloudwatch, cloudwatch_logs, iam, lambda_svc, s3, sqs, ssm
from ministack.services.cloudformation import changesets, handlers, stacks

from change_sets import find_change_set
from guard import GUARD, ask, refused_resources


SYSTEMS_MANAGER = "AWS::SSM::Parameter::Value<"


def given_parameters(parameters, declarations, previous):
    """Returns the values in a request, with the contents of the Systems Manager parameters that they name."""
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
    """Returns the existing custom names, by type. MiniStack itself rejects duplicate names of CloudFront resources."""
    return {
        "AWS::CloudWatch::Alarm": list(cloudwatch._alarms),
        "AWS::CloudWatch::CompositeAlarm": list(cloudwatch._composite_alarms),
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
    """Returns the guard's verdict on a change set, or None if MiniStack rejects the request itself."""
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
    """Returns the event of DescribeEvents for a property that fails a change set."""
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


if GUARD:
    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_judged_change_set
    handlers._ACTION_HANDLERS["ExecuteChangeSet"] = execute_judged_change_set
    handlers._ACTION_HANDLERS["DescribeEvents"] = describe_events
