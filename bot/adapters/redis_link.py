"""The one place that knows how to reach Redis/Valkey: the client, its scripts, and what counts as "unreachable"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.core.ports import StoreUnavailable
from channels.errors import SettingsError

PREFIX = "sigap:"
REFUSALS = ("OOM", "MISCONF", "MASTERDOWN")  # it answers, but can't take writes now
WITHOUT_MAILBOXES = frozenset({"begin_send", "rebuild", "take_limits"})


def connect(url: str) -> Redis[bytes]:
    """A client for `redis://…` or `unix://…`. Commands are not repeated by the client: a repeated write that went
    through the first time is only safe where the caller knows that it is."""
    try:
        redis = Redis.from_url(url, socket_connect_timeout=2.0, socket_timeout=10.0, health_check_interval=30)
        redis.connection_pool.make_connection()  # an option that does not exist is only noticed here
    except (TypeError, ValueError):
        raise SettingsError("REDIS_URL", "has a part that is not understood", "Use redis://host:port/number") from None
    return redis


@cache
def source(name: str) -> str:
    """A script's text, with the mailboxes' alphabet in front where it needs it."""
    folder = files("bot.adapters") / "lua"
    own = (folder / f"{name}.lua").read_text(encoding="utf-8")
    return own if name in WITHOUT_MAILBOXES else (folder / "mailbox.lua").read_text(encoding="utf-8") + own


def script(redis: Redis[bytes], name: str) -> AsyncScript:
    """A script that loads itself again when the server has forgotten it (a restart, a flush)."""
    return redis.register_script(source(name))


@contextmanager
def reaching() -> Iterator[None]:
    """Turns "cannot be reached or cannot write" into StoreUnavailable; everything else stays what it is."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OSError) as error:
        # A wrong password comes as a plain ConnectionError; a missing one has a class of its own.
        wrong_password = "username-password" in str(error)
        raise StoreUnavailable("AuthenticationError" if wrong_password else type(error).__name__) from error
    except ResponseError as error:
        # Out of memory has a class of its own, which the library's types do not know.
        kind = type(error).__name__
        if kind == "OutOfMemoryError" or str(error).startswith(REFUSALS):
            raise StoreUnavailable(kind) from error
        raise
