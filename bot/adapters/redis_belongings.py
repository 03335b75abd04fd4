"""Finds every key of Redis/Valkey that holds something of one conversation. What the keys mean: docs/ARCHITECTURE.md.

Keys that this file does not know (a later part of Sigap brought them) are looked through piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from bot.adapters.redis_elements import keys

AT_ONCE = 500

# First segments of keys that never hold anything of a customer's, or that `lua/erase.lua` and the streams deal with.
_ELSEWHERE = frozenset(
    "conv log words inflight owned events dead waits present agents session sessions failed process metrics channel "
    "limits cursor poll erasing audit_head webchat".split()
)
_MAILBOX = re.compile(r"mb:([^:]+):")


@dataclass
class Belongings:
    """Names of keys, all without the prefix."""

    mailboxes: set[str] = field(default_factory=set)
    timers: list[tuple[str, str]] = field(default_factory=list)  # mailbox, timer id
    sends: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)  # words under a channel's public messages, everybody's
    names: list[str] = field(default_factory=list)  # of the case, at the platform
    others: list[str] = field(default_factory=list)  # limits and pages of this customer alone
    linked: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


async def belongings(redis: Redis[bytes], prefix: str, key: str, ids: Sequence[str]) -> Belongings:
    """Walks the whole keyspace once."""
    channel, _, thread = key.partition(":")
    found = Belongings()
    people = {thread, *ids}
    pages = {f"webchat:{part}:{thread}" for part in ("items", "seen", "seq")}
    gone = {f"thread:{channel}:gone:{one}" for one in ids}
    timers: list[str] = []
    sends: list[str] = []
    names: list[str] = []
    async for name in keys(redis, prefix):
        kind, _, rest = name.partition(":")
        if mailbox := _MAILBOX.match(name):
            found.mailboxes.add(mailbox[1])
            if name[mailbox.end() :].startswith("timer:"):
                timers.append(name)
        elif kind == "send":
            sends.append(name)
        elif name.startswith(f"words:{channel}:root:"):
            found.roots.append(name)
        elif name in gone:
            found.names.append(name)
        elif kind == "thread":
            names += [name] if rest.startswith(f"{channel}:") else []
        elif kind in ("limit", "stop"):
            scope = rest.removeprefix(f"{channel}:")
            if scope != rest and scope.partition(":")[2] in people:
                found.others.append(name)
        elif name in pages:
            found.others.append(name)
        elif kind == "links":
            found.linked.append(name)
        elif kind not in _ELSEWHERE:
            found.unknown.append(name)
    found.timers = [
        (name.split(":")[1], name.split(":timer:", 1)[1])
        for name in await _where(timers, lambda pipe, name: pipe.hget(prefix + name, "key"), redis, key)
    ]
    found.sends = await _where(sends, lambda pipe, name: pipe.hget(prefix + name, "of"), redis, key)
    found.names += await _where(names, lambda pipe, name: pipe.get(prefix + name), redis, thread)
    return found


async def _where(
    names: Sequence[str], ask: Callable[[Any, str], Awaitable[Any]], redis: Redis[bytes], wanted: str
) -> list[str]:
    """Those names for which the server's answer is what is wanted."""
    found = []
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        pipe = redis.pipeline(transaction=False)
        for name in batch:
            ask(pipe, name)
        answers = await pipe.execute()
        found += [name for name, answer in zip(batch, answers, strict=True) if answer == wanted.encode()]
    return found


def mentions(key: str) -> re.Pattern[bytes]:
    """A conversation's key as a word of its own in anything."""
    return re.compile(rb"(?<![\w.-])" + re.escape(key.encode()) + rb"(?![\w.:-])")
