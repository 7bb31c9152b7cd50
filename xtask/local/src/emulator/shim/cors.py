"""CORS of S3 as each bucket configures it. MiniStack itself allows everything to every origin, for all services."""

from urllib.parse import parse_qs

from ministack import app
from ministack.core.router import detect_service
from ministack.services import s3

serve_with_wildcards = app.app


def addressed_object(scope, headers):
    """Returns the names of the bucket and the object that a request is for, or None."""
    query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    if detect_service(scope["method"], scope["path"], headers, query) != "s3":
        return None
    return app._s3_cors_target(headers.get("host", ""), scope["path"])


async def respond_to_preflight(target, headers, send):
    status, allowed, body = s3.cors_preflight(*target, headers) if target else (403, {}, b"")
    fields = [(name.lower().encode(), value.encode()) for name, value in allowed.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def serve(scope, receive, send):
    if scope["type"] != "http":
        return await serve_with_wildcards(scope, receive, send)
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    target = addressed_object(scope, headers) if "origin" in headers else None
    if scope["method"] == "OPTIONS":
        return await respond_to_preflight(target, headers, send)

    async def send_with_cors(message):
        if message["type"] == "http.response.start":
            allowed = s3.cors_response_headers(target[0], scope["method"], headers) if target else {}
            kept = [field for field in message["headers"] if not field[0].lower().startswith(b"access-control-")]
            added = [(name.lower().encode(), value.encode()) for name, value in allowed.items()]
            message = {**message, "headers": kept + added}
        await send(message)

    await serve_with_wildcards(scope, receive, send_with_cors)


app.app = serve
