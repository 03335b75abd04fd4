"""Reads any key of Redis/Valkey piece by piece, whatever its type, for searching byte by byte."""

from __future__ import annotations

from collections.abc import AsyncIterator

from redis.asyncio import Redis

AT_ONCE = 1000


async def keys(redis: Redis[bytes], prefix: str) -> AsyncIterator[str]:
    """The names of all keys, without the prefix, each once."""
    seen: set[bytes] = set()  # SCAN may tell a key twice
    async for name in redis.scan_iter(match=prefix + "*", count=AT_ONCE):
        if name not in seen:
            seen.add(name)
            yield name.decode(errors="surrogateescape")[len(prefix) :]


async def elements(redis: Redis[bytes], name: str) -> AsyncIterator[tuple[bytes, bytes]]:
    """(what names the piece, the piece) of a key, whose name is whole: a field and its value, a member and itself …"""
    kind = await redis.type(name)  # type: ignore[no-untyped-call]
    match kind:
        case b"string":
            yield b"", await redis.get(name) or b""
        case b"hash":
            async for field, value in redis.hscan_iter(name, count=AT_ONCE):
                yield field, value
        case b"set":
            async for member in redis.sscan_iter(name, count=AT_ONCE):
                yield member, member
        case b"zset":
            async for member, _ in redis.zscan_iter(name, count=AT_ONCE):
                yield member, member
        case b"list":
            start = 0
            while found := await redis.lrange(name, start, start + AT_ONCE - 1):
                for item in found:
                    yield item, item
                start += AT_ONCE
        case b"stream":
            after = "-"
            while entries := await redis.xrange(name, min=after, count=AT_ONCE):
                for entry_id, fields in entries:
                    for value in fields.values():
                        yield entry_id, value
                after = "(" + entries[-1][0].decode()
        case _:
            pass  # gone meanwhile
