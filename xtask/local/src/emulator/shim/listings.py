"""Listings of logs and objects: pages of FilterLogEvents, URL encoding of ListObjectVersions, and a limit on kept events."""

import json
from urllib.parse import quote_plus
from xml.etree.ElementTree import SubElement

from ministack.services import cloudwatch_logs, s3


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
