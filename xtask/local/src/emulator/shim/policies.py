"""The policies of roles, buckets and queues, for the server that checks permissions in front of the emulator."""

import json
import os

from ministack import app
from ministack.services import cloudformation, iam, kms, lambda_svc, s3, sqs, ssm


POLICIES = "/_local/policies"


def document(policy):
    """Returns a policy, which MiniStack stores as text or as an object. A text that is not JSON is no policy."""
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
    """Returns the ARN of each key that has a policy of its own. The whole account may use the default key."""
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

# Clients send requests to that server, so URLs of queues contain its port.
sqs.DEFAULT_PORT = os.environ["PUBLIC_PORT"]
sqs._CANONICAL_NETLOC = f"{sqs.DEFAULT_HOST}:{sqs.DEFAULT_PORT}"
