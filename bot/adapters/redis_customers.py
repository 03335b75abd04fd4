"""One customer on Redis/Valkey: everything about them shown, or gone, and gone from the server's files too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.adapters.redis_belongings import Belongings, belongings, mentions
from bot.adapters.redis_elements import elements, keys
from bot.adapters.redis_events import RedisDeadLetters
from bot.adapters.redis_forget import forget
from bot.adapters.redis_link import PREFIX, reaching, script
from bot.adapters.redis_mailbox import mailbox_prefix
from bot.adapters.redis_persistence import settle
from bot.adapters.redis_send_log import IN_FLIGHT_MS
from bot.adapters.redis_streams import Fields, alone, rebuild
from bot.core.customer_ports import Erased
from bot.core.forgetting import Moments
from bot.core.needles import SHORTEST_ID, Needles, Search, Trace
from bot.core.ports import WEBHOOK

IN_HAND_S = 60  # a courier that had a letter in hand when it was erased has let it go long before
LOOK_S = 0.05
DEAD_LETTERS = 10_000


class _Event(msgspec.Struct):
    conversation: str = ""
    message_id: str = ""


class _Letter(msgspec.Struct):
    message_id: str = ""


_events = msgspec.json.Decoder(_Event)
_letters = msgspec.json.Decoder(_Letter)
_any = msgspec.json.Decoder(Any)


class RedisCustomers:
    """Implements customer_ports.LiveCustomers."""

    def __init__(self, redis: Redis[bytes], *, inbound: str = "in", prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._inbound = inbound
        self._erase = script(redis, "erase")

    # ---- showing -----------------------------------------------------------------------------------

    async def export(self, key: str) -> Mapping[str, Any]:
        p = self._prefix
        with reaching():
            conversation = await self._redis.hgetall(f"{p}conv:{key}")
            log = await self._redis.lrange(f"{p}log:{key}", 0, -1)
            found = await belongings(self._redis, p, key, ())
            letters = []
            for name in sorted(found.mailboxes):
                for _, fields in await self._redis.xrange(f"{mailbox_prefix(name, p)}box:{key}"):
                    letters.append({"mailbox": name, "letter": _read(fields[b"b"])})
            for name, timer in found.timers:
                body = await self._redis.hget(f"{mailbox_prefix(name, p)}timer:{timer}", "b")
                letters.append({"mailbox": name, "timer": timer, "letter": _read(body or b"")})
            linked = await self._redis.hgetall(f"{p}links:{key}")
            page = [
                _read(item)
                for name in found.others
                if name.startswith("webchat:items:")
                async for item, _ in elements(self._redis, p + name)
            ]
        dead = await RedisDeadLetters(self._redis, prefix=p).list(DEAD_LETTERS)
        return {
            "state": _read(conversation.get(b"state", b"")),
            "assistant_memory": _read(conversation.get(b"tracker", b"")),
            "events": [_read(item) for item in log],
            "waiting": letters,
            "web_page": page,
            "names": sorted(name.split(":", 2)[2] for name in found.names),
            "linked": {other.decode(): by.decode() for other, by in linked.items()},
            "dead_letters": [
                {"at": letter.at, "mailbox": letter.mailbox, "error": letter.error, "letter": _read(letter.body)}
                for letter in dead
                if letter.key == key
            ],
        }

    async def position(self) -> str:
        with reaching():
            if not await self._redis.exists(f"{self._prefix}events"):
                return "0-0"
            return str((await self._redis.xinfo_stream(f"{self._prefix}events"))["last-generated-id"].decode())

    async def begun_again(self, key: str) -> bool:
        with reaching():
            names = (f"conv:{key}", f"log:{key}", f"mb:{self._inbound}:box:{key}")
            return bool(await self._redis.exists(*(self._prefix + name for name in names)))

    # ---- erasing -----------------------------------------------------------------------------------

    async def erase(self, key: str, ids: Sequence[str]) -> Erased:
        with reaching():
            async with alone(self._redis, self._prefix):
                found = await belongings(self._redis, self._prefix, key, ids)
                position, pieces, said, in_hand = await self._core(key, found)
                said |= in_hand | {name.partition(":")[2] for name in found.sends}
                pieces += await self._words(key, found, said, in_hand)
                pieces += await self._rest(key, found)
                pieces += await self._streams(key, position, ids)
                await self._landed(key)
                pieces += await self._words(key, found, said, in_hand)
                if not await self._redis.exists(f"{self._prefix}conv:{key}"):
                    pieces += (await self._core(key, found))[1]  # a note of somebody who had it open
        return Erased(pieces, position)

    async def _core(self, key: str, found: Belongings) -> tuple[str, int, set[str], set[str]]:
        """State, history and letters, in one step; the position of the stream at that moment, how many pieces, and the
        ids of messages: in the history, and waiting, of which a courier may have one in hand."""
        args: list[str] = []
        for name in sorted(found.mailboxes):
            args += ["p", mailbox_prefix(name, self._prefix)]
        for name, timer in found.timers:
            args += ["t", mailbox_prefix(name, self._prefix), timer]
        position, log, letters = await self._erase(args=[self._prefix, key, IN_HAND_S, *args])
        said = {_events.decode(item).message_id for item in log} - {""}
        in_hand = {_message_id(body) for body in letters} - {""}
        return position.decode(), len(log) + len(letters), said, in_hand

    async def _words(self, key: str, found: Belongings, message_ids: set[str], in_hand: set[str]) -> int:
        """The send log. What keeps a letter in hand from leaving stays a minute, without anything of the letter."""
        pieces = 0
        for message_id in message_ids:
            name = f"{self._prefix}send:{message_id}"
            pieces += int(await self._redis.delete(name)) - (message_id in in_hand)
        for message_id in in_hand:
            await self._redis.hset(f"{self._prefix}send:{message_id}", "erased", "1")
            await self._redis.expire(f"{self._prefix}send:{message_id}", IN_HAND_S)
        for name in (f"words:{key}", f"words:{key}:older", *found.roots):
            fields = [
                field
                async for field, value in self._redis.hscan_iter(self._prefix + name)
                if _call_of(field, value) in message_ids
            ]
            if fields:
                pieces += int(await self._redis.hdel(self._prefix + name, *fields))
        return pieces

    async def _rest(self, key: str, found: Belongings) -> int:
        pieces = 0
        for name in (*found.names, *found.others, f"links:{key}"):
            pieces += int(await self._redis.delete(self._prefix + name))
        for name in found.linked:
            pieces += int(await self._redis.hdel(self._prefix + name, key))
        mention = mentions(key)
        for name in found.unknown:
            pieces += await self._sweep(self._prefix + name, mention.search(name.encode()) is not None, mention.search)
        return pieces

    async def _sweep(self, name: str, whole: bool, mentioned: Any) -> int:
        """Take out of a key that nobody here knows what mentions the conversation."""
        if whole:
            return int(await self._redis.delete(name))
        kind, pieces = await self._redis.type(name), 0  # type: ignore[no-untyped-call]
        found = [piece async for piece in elements(self._redis, name) if mentioned(piece[0]) or mentioned(piece[1])]
        for named, value in found:
            match kind:
                case b"hash":
                    pieces += int(await self._redis.hdel(name, named))
                case b"set":
                    pieces += int(await self._redis.srem(name, value))
                case b"zset":
                    pieces += int(await self._redis.zrem(name, value))
                case b"list":
                    pieces += int(await self._redis.lrem(name, 0, value))
                case b"stream":
                    pieces += int(await self._redis.xdel(name, named))
                case _:
                    pieces += int(await self._redis.delete(name))
        return pieces

    async def _streams(self, key: str, position: str, ids: Sequence[str]) -> int:
        channel = key.partition(":")[0]
        theirs = [one.encode() for one in ids if len(one) >= SHORTEST_ID]

        def event(_: str, fields: Fields) -> Fields | None:
            return None if _events.decode(fields[b"e"]).conversation == key else fields

        def letter(_: str, fields: Fields) -> Fields | None:
            of = fields[b"key"].decode()
            unread = fields[b"mailbox"] == WEBHOOK.encode() and of == channel
            return None if of == key or (unread and any(one in fields[b"b"] for one in theirs)) else fields

        pieces = await rebuild(self._redis, f"{self._prefix}events", position, event)
        return pieces + await rebuild(self._redis, f"{self._prefix}dead", "+", letter)

    async def _landed(self, key: str) -> None:
        """A message of ours may be on its way this moment; its end is written down when the platform has answered."""
        until = time.monotonic() + IN_FLIGHT_MS / 1000 + 1
        waited = False
        while time.monotonic() < until and await self._redis.exists(f"{self._prefix}inflight:{key}"):
            waited = True
            await asyncio.sleep(LOOK_S)
        if waited:
            await asyncio.sleep(LOOK_S)

    # ---- afterwards --------------------------------------------------------------------------------

    async def search(self, needles: Needles) -> Sequence[Trace]:
        search, traces = Search(needles), set()
        with reaching():
            async for name in keys(self._redis, self._prefix):
                traces |= {Trace(f"redis {name}", one, _owner(name)) for one in search(name.encode("utf-8", "replace"))}
                async for named, value in elements(self._redis, self._prefix + name):
                    for data in {named, value}:
                        owner = _owner(name) or _conversation(data)
                        traces |= {Trace(f"redis {name}", one, owner) for one in search(data)}
        return sorted(traces)

    async def settle(self) -> str:
        with reaching():
            with suppress(ResponseError):  # not allowed on a server that others run
                await self._redis.slowlog_reset()
            return await settle(self._redis)

    async def forget(self, channel: str, moments: Moments) -> int:
        with reaching():
            async with alone(self._redis, self._prefix):
                return await forget(self._redis, self._prefix, channel, moments)


def _owner(name: str) -> str:
    """Whose key it is, as far as its name tells."""
    if name == "agents":
        return name
    kind, _, rest = name.partition(":")
    if kind == "mb":
        return rest.partition(":box:")[2]
    return rest.removesuffix(":older") if kind in ("conv", "log", "words", "links") else ""


def _conversation(data: bytes) -> str:
    try:
        return _events.decode(data).conversation
    except msgspec.MsgspecError:
        return ""


def _call_of(field: bytes, value: bytes) -> str:
    """The message that a field of the send log's words is about: `words:ID/PART` → …, `id:EXTERNAL` → `ID/PART`."""
    kind, _, rest = field.decode().partition(":")
    call = rest if kind == "words" else value.decode()
    return call.rpartition("/")[0]


def _message_id(body: bytes) -> str:
    try:
        return _letters.decode(body).message_id
    except msgspec.MsgspecError:
        return ""


def _read(data: bytes) -> Any:
    """Stored JSON as values; what is no JSON, as text."""
    if not data:
        return None
    try:
        return _any.decode(data)
    except msgspec.MsgspecError:
        return data.decode(errors="replace")
