"""What SQS publishes of each queue. Its API does not return the age of the oldest message."""

import json
import time

from ministack import app
from ministack.services import sqs

DEPTHS = "/_local/queues"

# SQS does not include a message in the age from its third receive on:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
RECEIVES_OF_THE_AGE = 3


def age(queue, now):
    waiting = [message for message in queue["messages"] if message["receive_count"] < RECEIVES_OF_THE_AGE]
    times = [message.get("enqueued_at", message["sent_at"]) for message in waiting]
    return max(now - min(times), 0) if times else 0


def depths():
    """Returns the number of messages in each queue, and the age of the oldest one in seconds."""
    now = time.time()
    found = {}
    for queue in sqs._queues.to_dict().values():
        sqs._refresh_counts(queue)
        attributes = queue["attributes"]
        found[attributes["QueueArn"].rpartition(":")[2]] = {
            "visible": int(attributes["ApproximateNumberOfMessages"]),
            "not_visible": int(attributes["ApproximateNumberOfMessagesNotVisible"]),
            "age": age(queue, now),
        }
    return found


serve_other_paths = app.app


async def serve(scope, receive, send):
    if scope["type"] != "http" or scope["path"] != DEPTHS:
        return await serve_other_paths(scope, receive, send)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(depths()).encode()})


app.app = serve
