"""Responses of MiniStack's services."""

import json
from xml.etree.ElementTree import fromstring


def checked(response):
    """Returns the headers and the body of a service's response, or raises the error that it contains."""
    status, headers, body = response
    text = body.decode() if isinstance(body, bytes) else body
    if status < 400:
        return headers, text
    if text.startswith("{"):
        raise ValueError(json.loads(text)["message"])
    error = {element.tag.rpartition("}")[2]: element.text for element in fromstring(text).iter()}
    raise ValueError(f"{error['Code']}: {error['Message']}")
