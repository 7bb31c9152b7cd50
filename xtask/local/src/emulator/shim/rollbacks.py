"""Status of the resources that a rollback could not restore. ContinueUpdateRollback may skip these."""

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

revert_and_report = stacks._revert_update
continue_rollback = handlers._continue_update_rollback_async


def mark(record, status, reason=""):
    record.update(ResourceStatus=status, ResourceStatusReason=reason)


async def revert(stack_id, stack_name, logical_id, kind, physical_id, applied, previous, attributes, record=None):
    try:
        await revert_and_report(
            stack_id, stack_name, logical_id, kind, physical_id, applied, previous, attributes, record
        )
    except Exception as error:
        if record is not None:
            mark(record, "UPDATE_FAILED", str(error))
        raise


async def continue_without(stack_name, stack_id, skipped):
    """Continues a rollback. CloudFormation marks skipped resources as complete."""
    records = cloudformation._stacks[stack_name]["_resources"]
    for logical_id in skipped:
        if logical_id in records:
            mark(records[logical_id], "UPDATE_COMPLETE")
    await continue_rollback(stack_name, stack_id, skipped)


stacks._revert_update = revert
handlers._continue_update_rollback_async = continue_without
