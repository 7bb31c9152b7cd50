"""Messages in batches: system attributes, of which MiniStack keeps only those of single messages."""

from ministack.services import sqs


send_message_batch = sqs._act_send_message_batch
send_message = sqs._act_send_message


def send_batch_with_system_attributes(data, queue_url):
    """Adds the system attributes of each entry, such as the header of a trace.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatchRequestEntry.html
    """
    attributes = iter([entry.get("MessageSystemAttributes") for entry in data.get("Entries", [])])

    # MiniStack sends the entries in order, and no other request can run meanwhile, because it does not await.
    def send_next(entry, url):
        return send_message({**entry, "MessageSystemAttributes": next(attributes)}, url)

    sqs._act_send_message = send_next
    try:
        return send_message_batch(data, queue_url)
    finally:
        sqs._act_send_message = send_message


sqs._HANDLERS["SendMessageBatch"] = send_batch_with_system_attributes
