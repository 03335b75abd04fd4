"""How X says no. https://docs.x.com/x-api/fundamentals/response-codes-and-errors"""

from __future__ import annotations

from sandbox.social.door import Refusal

_PROBLEMS = "https://api.x.com/2/problems/"


def _problem(status: int, title: str, detail: str, slug: str = "", **more: object) -> Refusal:
    problem_type = _PROBLEMS + slug if slug else "about:blank"
    return Refusal(status, {"title": title, "detail": detail, "type": problem_type, "status": status, **more})


def invalid(message: str, **parameters: str) -> Refusal:
    """400: a parameter is missing or wrong."""
    body = {
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": _PROBLEMS + "invalid-request",
        "errors": [{"parameters": {key: [value] for key, value in parameters.items()}, "message": message}],
    }
    return Refusal(400, body)


def unauthorized() -> Refusal:
    """401: no or wrong credentials."""
    return _problem(401, "Unauthorized", "Unauthorized")


def wrong_authentication(wanted: str) -> Refusal:
    """403: right credentials of the wrong sort. `wanted`: what the endpoint takes."""
    return _problem(
        403,
        "Unsupported Authentication",
        f"This endpoint takes another authentication. Supported authentication types are [{wanted}].",
        "unsupported-authentication",
    )


def forbidden(detail: str) -> Refusal:
    """403 with X's own words."""
    return _problem(403, "Forbidden", detail)


def duplicate() -> Refusal:
    """403: the same text again."""
    return forbidden("You are not allowed to create a Tweet with duplicate content.")


def not_summoned() -> Refusal:
    """403: a reply to somebody who did not call the account. https://docs.x.com/changelog (2026-02-23)"""
    return forbidden(
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
        "author of the post you are replying to."
    )


def no_dm() -> Refusal:
    """403: this person takes no direct message from the account."""
    return forbidden("You do not have permission to DM one or more participants.")


def not_yours(resource_id: str) -> Refusal:
    """403: somebody else's post."""
    return _problem(
        403,
        "Forbidden",
        "You are not permitted to perform this action.",
        "not-authorized-for-resource",
        resource_id=resource_id,
    )


def missing(kind: str, resource_id: str) -> Refusal:
    """404: there is no such thing, or no more."""
    return _problem(
        404,
        "Not Found Error",
        f"Could not find {kind} with id: [{resource_id}].",
        "resource-not-found",
        resource_type=kind,
        resource_id=resource_id,
    )


def too_many_requests() -> Refusal:
    """429; `x-rate-limit-reset` says when to go on."""
    return _problem(429, "Too Many Requests", "Too Many Requests", "rate-limit-exceeded")


def usage_capped() -> Refusal:
    """429: the spending limit of the month is reached."""
    return _problem(429, "Usage Capped", "Usage cap exceeded: Monthly spend cap", "usage-capped", period="Monthly")


def client_forbidden() -> Refusal:
    """403: the app is not enrolled."""
    return _problem(
        403, "Client Forbidden", "This app has been restricted.", "client-forbidden", reason="client-not-enrolled"
    )


def internal(status: int = 503) -> Refusal:
    """X is unwell."""
    title = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
    return _problem(status, title.get(status, "Internal Server Error"), title.get(status, "Internal Server Error"))


def failure(code: int) -> Refusal:
    """The answer that the dial `fail_code` asks for: an HTTP status, or one of the old API's codes."""
    by_code = {
        32: unauthorized,
        88: too_many_requests,
        89: unauthorized,
        150: no_dm,
        187: duplicate,
        349: no_dm,
        401: unauthorized,
        403: client_forbidden,
        429: too_many_requests,
        433: not_summoned,
        453: client_forbidden,
    }
    if code in by_code:
        return by_code[code]()
    if code == 404:
        return missing("tweet", "0")
    return internal(code) if code >= 500 else invalid("Invalid request")
