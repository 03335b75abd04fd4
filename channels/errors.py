"""Errors that carry the decision: what the sender or the receiver has to do next is the class itself.

No message of these ever contains a token, a secret or a customer's words.
"""

from __future__ import annotations

from typing import Any


class ChannelError(Exception):
    """Root of everything that a channel raises on purpose."""


class SettingsError(ChannelError):
    """A setting is missing or wrong. Says which key and what to do; the process must not start."""

    def __init__(self, key: str, problem: str, fix: str) -> None:
        super().__init__(f"{key}: {problem}. {fix}")
        self.key = key
        self.problem = problem
        self.fix = fix


class SignatureError(ChannelError):
    """The request is not proven to come from the platform: answer 401 and store nothing."""


class PayloadError(ChannelError):
    """A proven request whose body cannot be read: keep it aside and answer 200."""


class SendError(ChannelError):
    """A message did not go out. `code` is the platform's error code, for the record; `usage` what the answer's
    headers told about our limits (channels.capabilities.Usage)."""

    usage: tuple[Any, ...] = ()

    def __init__(self, detail: str, *, code: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class RateLimited(SendError):
    """Wait `retry_after` seconds. `whole_channel` says that every conversation must wait, not just this one."""

    def __init__(self, detail: str, *, retry_after: float, code: str = "", whole_channel: bool = False) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after
        self.whole_channel = whole_channel


class Unavailable(SendError):
    """The platform is down or unreachable and certainly did not take the message: try again with back-off."""


class Ambiguous(SendError):
    """The message may have been sent (timed out after it left): reconcile before any resend."""


class AuthFailed(SendError):
    """Credentials are dead or lack a permission: stop the channel and alert."""


class Rejected(SendError):
    """The platform will never take this message; a person has to see it."""


class WindowClosed(Rejected):
    """Outside the platform's reply window."""


class Duplicate(Rejected):
    """The platform says that it has exactly this already: after a repeat, look for it instead of giving up."""


class RecipientGone(Rejected):
    """The customer blocked us or left."""


class OwnedElsewhere(Rejected):
    """Another app holds the thread."""
