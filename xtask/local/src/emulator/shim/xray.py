"""X-Ray, which MiniStack does not have: it receives the documents of segments, and returns traces.

Documents: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html.
"""

import json
import re
import time

from ministack import app

MAXIMUM_TRACES = 10_000
MAXIMUM_DOCUMENT_BYTES = 64 * 1024
OLDEST_SECONDS = 30 * 24 * 60 * 60
NEWEST_SECONDS = 10 * 60
TRACE_ID = re.compile(r"1-([0-9a-f]{8})-[0-9a-f]{24}")
SEGMENT_ID = re.compile(r"[0-9a-f]{16}")
SUMMARIES_PER_PAGE = 100
TRACES_PER_CALL = 5

# The documents of each trace by their IDs, oldest trace first.
traces = {}


class Refused(Exception):
    """The error of a request, or the reason why a document is not processed."""


def checked_document(text):
    """Returns a document, or raises why X-Ray does not process it."""
    if len(text.encode()) > MAXIMUM_DOCUMENT_BYTES:
        raise Refused("MessageTooLong")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Refused("ParseError") from error
    if not isinstance(document, dict):
        raise Refused("ParseError")
    trace = TRACE_ID.fullmatch(str(document.get("trace_id")))
    if not trace:
        raise Refused("InvalidTraceId")
    if not SEGMENT_ID.fullmatch(str(document.get("id"))):
        raise Refused("InvalidId")
    if not document.get("name") or not isinstance(document.get("start_time"), (int, float)):
        raise Refused("MissingRequiredField")
    if document.get("type") == "subsegment" and not document.get("parent_id"):
        raise Refused("MissingParentId")
    age = time.time() - int(trace[1], 16)
    if age > OLDEST_SECONDS or age < -NEWEST_SECONDS:
        raise Refused("InvalidTraceId")
    return document


def put_segments(request):
    unprocessed = []
    for text in request["TraceSegmentDocuments"]:
        try:
            document = checked_document(text)
        except Refused as reason:
            unprocessed.append({"ErrorCode": str(reason), "Message": f"a document was not processed: {reason}"})
            continue
        traces.setdefault(document["trace_id"], {})[document["id"]] = document
    while len(traces) > MAXIMUM_TRACES:
        del traces[next(iter(traces))]
    return {"UnprocessedTraceSegments": unprocessed}


def whole_segments(documents):
    """Returns the segments of a trace. Subsegments that were sent apart are part of the segments that they belong to."""
    copies = {id: json.loads(json.dumps(document)) for id, document in documents.items()}
    places = {}

    def find_places(document):
        places[document["id"]] = document
        for child in document.get("subsegments", []):
            find_places(child)

    for document in copies.values():
        find_places(document)
    segments = []
    for document in copies.values():
        parent = places.get(document.get("parent_id")) if document.get("type") == "subsegment" else None
        if parent is None:
            segments.append(document)
        else:
            parent.setdefault("subsegments", []).append(document)
    return segments


def span(documents):
    """Returns the begin and the end of a trace."""
    starts = [document["start_time"] for document in documents.values()]
    ends = [document.get("end_time", document["start_time"]) for document in documents.values()]
    return min(starts), max(ends)


def summary(id, documents):
    start, end = span(documents)
    annotations = {}
    for document in documents.values():
        for key, value in document.get("annotations", {}).items():
            kind = "BooleanValue" if isinstance(value, bool) else "StringValue" if isinstance(value, str) else "NumberValue"
            annotations.setdefault(key, []).append({"AnnotationValue": {kind: value}, "ServiceIds": []})
    statuses = [document["http"]["response"]["status"] for document in documents.values() if "http" in document]
    return {
        "Id": id,
        "StartTime": start,
        "Duration": end - start,
        "ResponseTime": end - start,
        "HasFault": any(document.get("fault") for document in documents.values()),
        "HasError": any(document.get("error") for document in documents.values()),
        "HasThrottle": any(document.get("throttle") for document in documents.values()),
        "IsPartial": False,
        "Http": {"HttpStatus": statuses[0]} if statuses else {},
        "Annotations": annotations,
    }


def get_summaries(request):
    if request.get("FilterExpression"):
        raise Refused("FilterExpression is not emulated")
    start, end = request["StartTime"], request["EndTime"]
    found = [(id, documents) for id, documents in traces.items() if start <= span(documents)[0] <= end]
    skip = int(request.get("NextToken") or 0)
    page = found[skip:skip + SUMMARIES_PER_PAGE]
    response = {
        "TraceSummaries": [summary(id, documents) for id, documents in page],
        "TracesProcessedCount": len(page),
        "ApproximateTime": time.time(),
    }
    if skip + len(page) < len(found):
        response["NextToken"] = str(skip + len(page))
    return response


def get_traces(request):
    ids = request["TraceIds"]
    if len(ids) > TRACES_PER_CALL:
        raise Refused(f"1 validation error detected: at most {TRACES_PER_CALL} trace IDs")
    found = []
    for id in ids:
        documents = traces.get(id)
        if documents:
            start, end = span(documents)
            segments = [{"Id": document["id"], "Document": json.dumps(document)} for document in whole_segments(documents)]
            found.append({"Id": id, "Duration": end - start, "LimitExceeded": False, "Segments": segments})
    return {"Traces": found, "UnprocessedTraceIds": []}


OPERATIONS = {
    "/TraceSegments": put_segments,
    "/TelemetryRecords": lambda request: {},
    "/TraceSummaries": get_summaries,
    "/Traces": get_traces,
}


async def handle_request(method, path, headers, body, query):
    operation = OPERATIONS.get(path)
    try:
        if method != "POST" or operation is None:
            raise Refused(f"{method} {path} of X-Ray is not emulated")
        status, response = 200, operation(json.loads(body))
    except Refused as error:
        status, response = 400, {"__type": "InvalidRequestException", "message": str(error)}
    return status, {"Content-Type": "application/json"}, json.dumps(response).encode()


detect_other_service = app.detect_service


def detect_service(method, path, headers, query):
    if "/xray/aws4_request" in headers.get("authorization", ""):
        return "xray"
    return detect_other_service(method, path, headers, query)


app.detect_service = detect_service
app.SERVICE_HANDLERS["xray"] = handle_request
