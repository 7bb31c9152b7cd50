"""Documents of X-Ray: which of them it rejects, and what it reads from them.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
import math
import re
import time


# https://docs.aws.amazon.com/general/latest/gr/xray.html
MAXIMUM_BYTES = 64 * 1024
OLDEST = 30 * 24 * 3600
# How far a clock may be ahead is not documented.
AHEAD = 5 * 60

TRACE_ID = re.compile(r"1-([0-9a-f]{8})-[0-9a-f]{24}")
ID = re.compile(r"[0-9a-f]{16}")
NAME_SYMBOLS = "_.:/%&#=+\\-@"
MAXIMUM_NAME = 200


class Rejected(Exception):
    """A document that X-Ray does not store, with the code of the reason.

    `MissingId` and `InvalidName` are documented by users, the others are named like them:
    https://github.com/humanmade/aws-xray/issues/29, https://github.com/aws/aws-xray-daemon/issues/184
    """

    def __init__(self, code, identifier=None):
        super().__init__(code)
        self.code = code
        self.identifier = identifier


def begun(trace_id):
    """Returns when a trace began, in Unix seconds, by its ID."""
    return int(TRACE_ID.fullmatch(trace_id)[1], 16)


def is_time(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def is_name(value):
    allowed = lambda character: character.isalnum() or character.isspace() or character in NAME_SYMBOLS
    return isinstance(value, str) and 0 < len(value) <= MAXIMUM_NAME and all(map(allowed, value))


def is_id(value):
    return isinstance(value, str) and ID.fullmatch(value) is not None


def check(document, field, is_valid):
    name = "".join(word.capitalize() for word in field.split("_"))
    if document.get(field) is None:
        raise Rejected(f"Missing{name}", document.get("id"))
    if not is_valid(document[field]):
        raise Rejected(f"Invalid{name}", document.get("id"))


def check_work(work):
    """Checks what segments and subsegments share, and the subsegments that a document contains."""
    if not isinstance(work, dict):
        raise Rejected("ParseError")
    check(work, "id", is_id)
    check(work, "name", is_name)
    check(work, "start_time", is_time)
    if not work.get("in_progress"):
        check(work, "end_time", is_time)
    parts = work.get("subsegments", [])
    if not isinstance(parts, list):
        raise Rejected("ParseError", work["id"])
    for part in parts:
        check_work(part)


def parse(text):
    """Returns a document, or raises `Rejected`."""
    if len(text.encode()) > MAXIMUM_BYTES:
        raise Rejected("DocumentTooLarge")
    try:
        document = json.loads(text)
        check_work(document)
    except (ValueError, RecursionError):
        raise Rejected("ParseError") from None
    check(document, "trace_id", lambda value: isinstance(value, str) and TRACE_ID.fullmatch(value))
    if document.get("type") == "subsegment":
        check(document, "parent_id", is_id)
    # X-Ray keeps traces for 30 days: https://aws.amazon.com/xray/faqs/
    if not time.time() - OLDEST <= begun(document["trace_id"]) <= time.time() + AHEAD:
        raise Rejected("InvalidTraceId", document["id"])
    return document


def all_work(documents):
    """Yields each segment and subsegment of the documents of a trace."""
    waiting = list(documents)
    while waiting:
        work = waiting.pop()
        yield work
        waiting.extend(work.get("subsegments", []))


def merged(documents):
    """Returns the segments of a trace. A subsegment that was sent apart is a part of the one that it belongs to."""
    copies = json.loads(json.dumps(documents))
    places = {work["id"]: work for work in all_work(copies)}
    segments = []
    for document in copies:
        parent = places.get(document["parent_id"]) if document.get("type") == "subsegment" else None
        # Nobody checks parents, so they can form a cycle.
        if parent is None or any(work is parent for work in all_work([document])):
            segments.append(document)
        else:
            parent.setdefault("subsegments", []).append(document)
    return segments
