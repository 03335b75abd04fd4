"""How LinkedIn says no. https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling"""

from __future__ import annotations

from sandbox.social.door import Refusal


def _refusal(status: int, code: str, message: str, service_code: int = 0) -> Refusal:
    body: dict[str, object] = {"status": status, "code": code, "message": message}
    if service_code:
        body["serviceErrorCode"] = service_code
    return Refusal(status, body)


def bad(message: str) -> Refusal:
    """400: a parameter or field is missing or wrong."""
    return _refusal(400, "ILLEGAL_ARGUMENT", message)


def no_version() -> Refusal:
    """400: the header `LinkedIn-Version` is missing."""
    return _refusal(
        400,
        "VERSION_MISSING",
        "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
    )


def old_version(version: str) -> Refusal:
    """426: this version of the API is over."""
    return _refusal(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")


def bad_token() -> Refusal:
    """401: no token or one that LinkedIn does not know."""
    return _refusal(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)


def revoked_token() -> Refusal:
    """401: the member took the access away."""
    return _refusal(401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user", 65601)


def denied(message: str) -> Refusal:
    """403: the member is no administrator of the organization."""
    return _refusal(403, "ACCESS_DENIED", message, 100)


def missing(message: str) -> Refusal:
    """404: the post or comment is gone."""
    return _refusal(404, "NOT_FOUND", message)


def unreadable(message: str) -> Refusal:
    """422: understood and refused."""
    return _refusal(422, "UNPROCESSABLE_ENTITY", message)


def comments_throttled() -> Refusal:
    """429 without any header. Too many comments in a short time."""
    return _refusal(429, "TOO_MANY_REQUESTS", "Comment create throttled: creation rate limit exceeded for member", 101)


def calls_throttled() -> Refusal:
    """429 without any header: the calls of the day are used up."""
    return _refusal(
        429,
        "TOO_MANY_REQUESTS",
        "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
        101,
    )


def internal(status: int = 500) -> Refusal:
    """LinkedIn is unwell."""
    return _refusal(
        status, "INTERNAL_SERVER_ERROR" if status == 500 else "SERVICE_UNAVAILABLE", "Internal Server Error"
    )


def failure(status: int) -> Refusal:
    """The answer that the dial `fail_code` asks for, an HTTP status."""
    by_status = {
        401: bad_token(),
        403: denied("Not enough permissions to access: POST /socialActions"),
        404: missing("The resource was not found"),
        409: _refusal(409, "CONFLICT", "Conflict"),
        422: unreadable("Unprocessable entity"),
        426: old_version("0"),
        429: comments_throttled(),
    }
    return by_status.get(status) or (internal(status) if status >= 500 else bad("Invalid request"))
