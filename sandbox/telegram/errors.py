"""The Bot API's refusals, with its own words (clients match on them)."""

from __future__ import annotations

from typing import Any


class BotApiError(Exception):
    """Answered as `{"ok":false,"error_code":…,"description":…}` with the code as HTTP status.

    https://core.telegram.org/bots/api#making-requests
    """

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(what: str) -> BotApiError:
    """400: the call is wrong and will stay wrong."""
    return BotApiError(400, f"Bad Request: {what}")


def too_many_requests(retry_after: int) -> BotApiError:
    """429: wait `retry_after` seconds. https://core.telegram.org/bots/api#responseparameters"""
    return BotApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})
