"""Takes entries out of a stream, or changes them, so that nothing of the old ones stays in the server's memory.

XDEL only marks an entry: its bytes stay in the stream's block until the whole block goes, and get into every backup of
the server's own making. So the stream is copied without them and the copy put in its place, in one step.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

from redis.asyncio import Redis

from bot.adapters.redis_link import script
from bot.core.customer_ports import AlreadyErasing

AT_ONCE = 1000
COPY_S = 600  # a copy that nobody finishes fades

Fields = Mapping[bytes, bytes]
Change = Callable[[str, Fields], Fields | None]  # an entry's new fields; None takes it out


@asynccontextmanager
async def alone(redis: Redis[bytes], prefix: str) -> AsyncIterator[None]:
    """One at a time: a copy made before another one's swap would bring back what that one took out."""
    name, token = f"{prefix}erasing", uuid4().hex
    if not await redis.set(name, token, nx=True, ex=COPY_S):
        raise AlreadyErasing
    try:
        yield
    finally:
        if await redis.get(name) == token.encode():
            await redis.delete(name)


async def rebuild(redis: Redis[bytes], stream: str, upto: str, change: Change) -> int:
    """Apply `change` to every entry up to a position; how many it changed. Entries keep their ids, readers their
    places, and what is appended meanwhile stays."""
    if not await _any(redis, stream, upto, change):
        return 0
    copy, after, changed = f"{stream}:copy:{uuid4().hex}", "0-0", 0
    try:
        while entries := await redis.xrange(stream, min=f"({after}", max=upto, count=AT_ONCE):
            pipe = redis.pipeline(transaction=False)
            for entry_id, fields in entries:
                after = entry_id.decode()
                new = change(after, fields)
                changed += new != fields
                if new:
                    pipe.xadd(copy, new, id=after)
            pipe.expire(copy, COPY_S)
            await pipe.execute()
        await script(redis, "rebuild")(keys=[stream, copy], args=[after])
    finally:
        await redis.delete(copy)
    return changed


async def _any(redis: Redis[bytes], stream: str, upto: str, change: Change) -> bool:
    after = "0-0"
    while entries := await redis.xrange(stream, min=f"({after}", max=upto, count=AT_ONCE):
        if any(change(entry_id.decode(), fields) != fields for entry_id, fields in entries):
            return True
        after = entries[-1][0].decode()
    return False
