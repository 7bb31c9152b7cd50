"""AWS::CloudWatch::CompositeAlarm, through MiniStack's CloudWatch API and its errors."""

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS

from responses import checked


COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"


def put(name, properties):
    """Creates or changes an alarm. Its tags include those of CloudFormation, which PutCompositeAlarm rejects."""
    request = {key: value for key, value in properties.items() if key != "Tags"}
    checked(cloudwatch._put_composite_alarm({}, {**request, "AlarmName": name}, False, is_json=True))
    cloudwatch.cloudformation_set_metric_alarm_tags(name, properties.get("Tags", []))
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def create(logical_id, properties, stack_name):
    generated = provisioners._physical_name(stack_name, logical_id, max_len=255)
    return put(properties.get("AlarmName", generated), properties)


def update(physical_id, old, new, stack_name):
    return put(physical_id, new)


def delete(physical_id, properties):
    checked(cloudwatch._delete_alarms({}, {"AlarmNames": [physical_id]}, False, is_json=True))


HANDLERS[COMPOSITE_ALARM] = {"create": create, "update": update, "delete": delete}
provisioners._REPLACING_PROPERTIES[COMPOSITE_ALARM] = ("AlarmName",)
provisioners._STACK_TAG_PROPERTY[COMPOSITE_ALARM] = ("Tags", "list")
