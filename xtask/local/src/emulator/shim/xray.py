"""X-Ray, which MiniStack lacks: it stores the documents of traces in memory, and finds traces."""

import json
import time
from collections import OrderedDict

from ministack import app
from ministack.core import router

from trace_documents import Rejected, all_work, begun, merged, parse
from trace_filters import NotEmulated, compiled


KEPT_TRACES = 10_000
KEPT_SECONDS = 24 * 3600
# https://docs.aws.amazon.com/general/latest/gr/xray.html: the size of a trace is limited to 100 to 500 KB.
MAXIMUM_TRACE_BYTES = 500 * 1024
# https://docs.aws.amazon.com/xray/latest/api/API_BatchGetTraces.html
MAXIMUM_IDS = 5
PAGE = 100


class Trace:
    def __init__(self):
        self.documents = {}
        self.sizes = {}
        self.exceeded = False
        self.updated = 0

    def add(self, document, text):
        """Adds a document, which replaces an earlier one with its ID, such as one that was in progress."""
        sizes = {**self.sizes, document["id"]: len(text)}
        if sum(sizes.values()) > MAXIMUM_TRACE_BYTES:
            self.exceeded = True
            return
        self.documents[document["id"]], self.sizes = document, sizes
        self.updated = time.time()


# By ID, in the order in which they arrived.
traces = OrderedDict()


class InvalidRequest(Exception):
    pass


def forget_old():
    while traces and (len(traces) > KEPT_TRACES or begun(next(iter(traces))) < time.time() - KEPT_SECONDS):
        traces.popitem(last=False)


def put_trace_segments(request):
    unprocessed = []
    for text in request["TraceSegmentDocuments"]:
        try:
            document = parse(text)
        except Rejected as rejected:
            message = f"Invalid segment. ErrorCode: {rejected.code}"
            segment = {"Id": rejected.identifier, "ErrorCode": rejected.code, "Message": message}
            unprocessed.append({name: value for name, value in segment.items() if isinstance(value, str)})
            continue
        traces.setdefault(document["trace_id"], Trace()).add(document, text)
    forget_old()
    return {"UnprocessedTraceSegments": unprocessed}


def put_telemetry_records(request):
    return {}


def end_of(work):
    return work.get("end_time", work["start_time"])


def annotation_value(value):
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"NumberValue": value} if isinstance(value, (int, float)) else {"StringValue": str(value)}


def annotations_of(work):
    """Returns the annotations of segments and subsegments. An annotation can have several values in a trace."""
    found = {}
    for part in work:
        annotations = part.get("annotations")
        for key, value in (annotations.items() if isinstance(annotations, dict) else ()):
            entry = {"AnnotationValue": annotation_value(value), "ServiceIds": []}
            if entry not in found.setdefault(key, []):
                found[key].append(entry)
    return found


def service_id(segment):
    return {"Name": segment["name"], "Names": [segment["name"]], "Type": segment.get("origin", "client")}


def http_of(root):
    http = root.get("http")
    response = http.get("response") if isinstance(http, dict) else None
    status = response.get("status") if isinstance(response, dict) else None
    return {"HttpStatus": status} if isinstance(status, int) else {}


def summary_of(trace_id, trace):
    """Returns the summary of a trace. The marks for errors are those of the root:
    https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
    """
    documents = sorted(trace.documents.values(), key=lambda document: document["start_time"])
    work = list(all_work(documents))
    segments = [document for document in documents if document.get("type") != "subsegment"]
    root = next((segment for segment in segments if "parent_id" not in segment), documents[0])
    start = min(part["start_time"] for part in work)
    return {
        "Id": trace_id,
        "StartTime": start,
        "MatchedEventTime": trace.updated,
        "Duration": max(end_of(part) for part in work) - start,
        "ResponseTime": end_of(root) - root["start_time"],
        "HasError": root.get("error") is True,
        "HasFault": root.get("fault") is True,
        "HasThrottle": root.get("throttle") is True,
        "IsPartial": any(part.get("in_progress") is True for part in work),
        "Http": http_of(root),
        "Annotations": annotations_of(work),
        "ServiceIds": [service_id(segment) for segment in segments],
        "EntryPoint": service_id(root),
    }


def get_trace_summaries(request):
    start, end = request["StartTime"], request["EndTime"]
    if start > end:
        raise InvalidRequest("StartTime must not be after EndTime")
    if request.get("TimeRangeType", "TraceId") != "TraceId":
        raise InvalidRequest(f"the local stack finds traces by TraceId only, not by {request['TimeRangeType']}")
    try:
        is_wanted = compiled(request.get("FilterExpression"))
    except NotEmulated as error:
        raise InvalidRequest(str(error)) from None
    inside = [trace_id for trace_id in traces if start <= begun(trace_id) <= end]
    found = filter(is_wanted, (summary_of(trace_id, traces[trace_id]) for trace_id in inside))
    # The first page contains the most recent traces.
    newest = sorted(found, key=lambda summary: summary["StartTime"], reverse=True)
    first = int(request.get("NextToken") or 0)
    response = {
        "TraceSummaries": newest[first : first + PAGE],
        "TracesProcessedCount": len(inside),
        "ApproximateTime": start,
    }
    if len(newest) > first + PAGE:
        response["NextToken"] = str(first + PAGE)
    return response


def batch_get_traces(request):
    ids = request["TraceIds"]
    if len(ids) > MAXIMUM_IDS:
        raise InvalidRequest(f"TraceIds must have at most {MAXIMUM_IDS} members")
    found = []
    for trace_id in ids:
        if trace_id in traces:
            trace = traces[trace_id]
            documents = merged(list(trace.documents.values()))
            segments = [{"Id": document["id"], "Document": json.dumps(document)} for document in documents]
            duration = summary_of(trace_id, trace)["Duration"]
            found.append(
                {"Id": trace_id, "Duration": duration, "LimitExceeded": trace.exceeded, "Segments": segments}
            )
    unprocessed = [trace_id for trace_id in ids if trace_id not in traces]
    return {"Traces": found, "UnprocessedTraceIds": unprocessed}


OPERATIONS = {
    "/TraceSegments": put_trace_segments,
    "/TelemetryRecords": put_telemetry_records,
    "/TraceSummaries": get_trace_summaries,
    "/Traces": batch_get_traces,
}
JSON = {"Content-Type": "application/json"}


async def handle(method, path, headers, body, query):
    operation = OPERATIONS.get(path) if method == "POST" else None
    try:
        if not operation:
            raise InvalidRequest(f"the local stack does not have {method} {path} of X-Ray")
        return 200, dict(JSON), json.dumps(operation(json.loads(body))).encode()
    except (InvalidRequest, KeyError, TypeError, ValueError) as error:
        error_headers = {**JSON, "x-amzn-errortype": "InvalidRequestException"}
        return 400, error_headers, json.dumps({"Message": str(error)}).encode()


app.SERVICE_HANDLERS["xray"] = handle
router.SERVICE_PATTERNS["xray"] = {"credential_scope": "xray"}
