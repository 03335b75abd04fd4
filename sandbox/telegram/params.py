"""The parameters of a Bot API call, whichever way they were sent.

The Bot API takes a query string, `application/x-www-form-urlencoded`, `multipart/form-data` and JSON; in the
form encodings every value is a string and nested values are JSON inside it.
https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from sanic import Request
from sanic.request import parse_multipart_form

from sandbox.telegram.errors import bad_request


class Upload(NamedTuple):
    """A file that came with the call."""

    name: str
    mime_type: str
    body: bytes


class Params:
    """Reads typed values; a value of the wrong type raises the 400 that Telegram answers."""

    def __init__(self, values: dict[str, Any], uploads: dict[str, Upload] | None = None) -> None:
        self._values = values
        self._uploads = uploads or {}

    def text(self, name: str) -> str:
        """The string, "" when missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int) -> int:
        """The whole number, `default` when missing."""
        value = self._values.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return int(value)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad_request(f'parameter "{name}" must be of type Number') from None

    def flag(self, name: str) -> bool:
        """True for true, "true" and "1"."""
        value = self._values.get(name)
        return value is True or str(value).lower() in ("true", "1", "yes")

    def json(self, name: str) -> Any:
        """The nested value, None when missing."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def upload(self, name: str) -> Upload | None:
        """The file sent as `name`, or under the name that the value points to (`attach://…`)."""
        value = self._values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            return self._uploads.get(value.removeprefix("attach://"))
        return self._uploads.get(name)


def read_params(request: Request) -> Params:
    """Every parameter of the call. Raises a 400 when the body can't be read."""
    values: dict[str, Any] = dict(parse_qsl(request.query_string, keep_blank_values=True))
    content_type, _, parameters = request.headers.get("content-type", "").partition(";")
    content_type = content_type.strip().lower()
    if content_type == "application/json" and request.body:
        try:
            body = json.loads(request.body)
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise bad_request("can't parse JSON object: object expected")
        return Params({**values, **body})
    if content_type == "application/x-www-form-urlencoded":
        values.update(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    elif content_type == "multipart/form-data":
        boundary = parameters.partition("boundary=")[2].split(";")[0].strip().strip('"')
        if not boundary:
            raise bad_request("multipart boundary is missing")
        fields, files = parse_multipart_form(request.body, boundary.encode())
        values.update({name: found[0] for name, found in fields.items()})
        uploads = {
            name: Upload(found[0].name, found[0].type or "application/octet-stream", found[0].body)
            for name, found in files.items()
        }
        return Params(values, uploads)
    return Params(values)
