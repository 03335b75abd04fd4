"""One call to the Graph API: what it asks, about which object, and who asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sanic import HTTPResponse, Request

from sandbox.meta.errors import bad_parameter, missing
from sandbox.meta.platform import MetaPlatform
from sandbox.social.model import PUBLIC, Entry


@dataclass(frozen=True)
class Call:
    """`object_id` is never "me": that is put in its account's words. Parameters may be in query, form or JSON."""

    object_id: str
    params: dict[str, Any]
    token: str

    def text(self, name: str) -> str:
        """A parameter as text, "" when it is missing."""
        value = self.params.get(name, "")
        if not isinstance(value, (str, int, float)):
            raise bad_parameter(f"param {name} must be a string.")
        return str(value)

    def mapping(self, name: str) -> dict[str, Any]:
        """A parameter that is an object, {} when it is missing."""
        value = self.params.get(name, {})
        if not isinstance(value, dict):
            raise bad_parameter(f"param {name} must be an object.")
        return value

    def flag(self, name: str) -> bool:
        """A parameter that is true or false."""
        return self.text(name).lower() in ("true", "1")

    def names(self, name: str) -> frozenset[str]:
        """A parameter that is a list of names, as a list or with commas."""
        value = self.params.get(name, "")
        return frozenset(filter(None, value if isinstance(value, list) else str(value).replace(" ", "").split(",")))


Handler = Callable[[Call], HTTPResponse]


def read_params(request: Request) -> dict[str, Any]:
    """Everything in the query and the body. Values that are JSON objects in a form are read. Raises Refusal."""
    params: dict[str, Any] = {name: request.args.get(name) for name in request.args}
    if request.headers.get("content-type", "").startswith("application/json") and request.body:
        try:
            body = json.loads(request.body)
        except ValueError:
            raise bad_parameter("The body is not valid JSON") from None
        params |= body if isinstance(body, dict) else {}
    elif request.method == "POST" and request.form:
        params |= {name: request.form.get(name) for name in request.form}
    for name, value in params.items():
        if isinstance(value, str) and value.startswith(("{", "[")):
            try:
                params[name] = json.loads(value)
            except ValueError:
                continue
    return params


def comment_in(platform: MetaPlatform, comment_id: str) -> Entry:
    """The public entry with this id. Raises Refusal when it is gone."""
    entry = platform.entries.get(comment_id)
    if entry is None or entry.deleted or entry.surface != PUBLIC:
        raise missing(comment_id)
    return entry


def graph_time(ms: int) -> str:
    """How the Graph API writes a moment."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def chosen(fields: str, known: dict[str, Any]) -> dict[str, Any]:
    """The fields that were asked for, and `id`; everything when none was."""
    wanted = {field.split("{")[0].split(".")[0].strip() for field in fields.split(",")}
    return {name: value for name, value in known.items() if not fields or name == "id" or name in wanted}
