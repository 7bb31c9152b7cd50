"""Permissions of CloudFormation's caller: the guard is asked before a resource is changed or read."""

import http.client
import json
import os

from ministack.services import cloudformation
from ministack.services.cloudformation import drift
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS


# The port of the server that checks permissions and templates; none if they are not checked.
GUARD = os.environ.get("GUARD_PORT")


def ask(path, question):
    """Returns the guard's answer. The guard sends the emulator no request meanwhile."""
    connection = http.client.HTTPConnection("127.0.0.1", int(GUARD), timeout=30)
    try:
        connection.request("POST", path, json.dumps(question))
        return json.load(connection.getresponse())
    finally:
        connection.close()


# The stack and the logical ID of each resource that was created here. When a replaced resource is deleted, its stack no
# longer lists it.
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


# The resources that the services reject in the current deployment: a message for each logical ID, by stack.
refused_resources = {}


def refusal_of(stack, logical_id, resource_type, operation, properties, identifier, previous=None):
    """Returns why the caller of CloudFormation lacks permissions for an operation on a resource, or None."""
    change = {
        "stack": stack,
        "logical_id": logical_id,
        "type": resource_type,
        "operation": operation,
        "properties": properties,
        "previous": previous,
        "identifier": identifier,
        "region": os.environ["MINISTACK_REGION"],
    }
    return ask("/_local/resource-change", change)["refusal"]


def ask_for_change(stack, logical_id, resource_type, operation, properties, identifier, previous=None):
    """Raises an error if the caller may not change the resource, or if the service rejects it."""
    refusal = refusal_of(stack, logical_id, resource_type, operation, properties, identifier, previous)
    if refusal:
        raise ValueError(f'Resource handler returned message: "{refusal}" (HandlerErrorCode: AccessDenied)')
    if operation != "delete" and logical_id in refused_resources.get(stack, {}):
        # A rollback deploys the previous template, so the resource is rejected only once.
        message = refused_resources.pop(stack)[logical_id]
        raise ValueError(f'Resource handler returned message: "{message}" (HandlerErrorCode: InvalidRequest)')


def guarded(resource_type, handler):
    """Returns the handlers of a type, which ask the guard first."""
    create, update, delete = (handler.get(name) for name in ("create", "update", "delete"))

    def create_if_allowed(logical_id, properties, stack_name):
        ask_for_change(stack_name, logical_id, resource_type, "create", properties, None)
        created = create(logical_id, properties, stack_name)
        owners[created[0]] = stack_name, logical_id
        return created

    def update_if_allowed(physical_id, old, new, stack_name, *more):
        logical_id = owner(physical_id)[1]
        ask_for_change(stack_name, logical_id, resource_type, "update", new, physical_id, old)
        updated = update(physical_id, old, new, stack_name, *more)
        # An update that replaces the resource returns the ID of the new one.
        owners[updated[0]] = stack_name, logical_id
        return updated

    def delete_if_allowed(physical_id, properties, *more):
        ask_for_change(*owner(physical_id), resource_type, "delete", properties, physical_id)
        return delete(physical_id, properties, *more)

    wrapped = {"create": create_if_allowed, "update": update_if_allowed, "delete": delete_if_allowed}
    return {**handler, **{name: ask_first for name, ask_first in wrapped.items() if handler.get(name)}}




detect_unguarded_drift = drift.detect_resource_drift


def detect_drift(stack, logical_id, record, timestamp):
    """Detects drift with the permissions of the caller. A resource that it may not read is in an unknown state."""
    kind, identifier = record["ResourceType"], record["PhysicalResourceId"]
    properties = record.get("Properties") or {}
    # A change set that reverts drift has no stack here. Its changes are checked when it is executed.
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


if GUARD:
    for resource_type in [name for name in HANDLERS if name.startswith("AWS::")]:
        HANDLERS[resource_type] = guarded(resource_type, HANDLERS[resource_type])
    drift.detect_resource_drift = detect_drift
