"""Gets what was deleted out of the server's own files: its log of commands, its snapshot."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

LONGEST_S = 600.0
LOOK_S = 0.1


async def settle(redis: Redis[bytes]) -> str:
    """Have the files written anew and wait for it; "" or what a person must see to."""
    try:
        info = await _info(redis)
        if info.get("aof_enabled"):
            await _when_free(redis)
            await redis.bgrewriteaof()
            if not await _until(redis, "aof_rewrite_in_progress", "aof_rewrite_scheduled"):
                return "the server's append-only file is still being rewritten; look again later"
            if (await _info(redis)).get("aof_last_bgrewrite_status") != "ok":
                return "the server could not rewrite its append-only file: see its log"
        if await _has_snapshots(redis):
            await _when_free(redis)
            await redis.bgsave()
            if not await _until(redis, "rdb_bgsave_in_progress"):
                return "the server's snapshot is still being written; look again later"
            if (await _info(redis)).get("rdb_last_bgsave_status") != "ok":
                return "the server could not write its snapshot: see its log"
    except ResponseError as error:
        return f"the server does not let us rewrite its files ({error}): have its operator do it (BGREWRITEAOF, BGSAVE)"
    return ""


async def _has_snapshots(redis: Redis[bytes]) -> bool:
    configured = await redis.config_get("save")
    return any(value not in ("", b"") for value in configured.values())


async def _when_free(redis: Redis[bytes]) -> None:
    """One at a time: the server refuses a second, or puts it off."""
    await _until(redis, "aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")


async def _until(redis: Redis[bytes], *working: str) -> bool:
    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        info = await _info(redis)
        if not any(info.get(name) for name in working):
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _info(redis: Redis[bytes]) -> dict[str, Any]:
    return dict(await redis.info("persistence"))
