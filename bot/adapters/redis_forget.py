"""Empties a channel's old contents on Redis/Valkey, conversation by conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from bot.adapters.redis_elements import elements, keys
from bot.adapters.redis_streams import Fields, rebuild
from bot.core.conversation import Conversation, Owner
from bot.core.forgetting import Moments

TURNS_REMEMBERED = 8  # the assistant's memory holds so many of the customer's messages word for word
QUIET = timedelta(hours=1)  # a dialogue that has rested so long may lose its memory
BRIEF = timedelta(days=7)  # contents kept no longer than this are kept by a platform's rule (LinkedIn: 48 hours)

# KEYS: a conversation's log. ARGV: an event as it is and as it shall be, again and again. New events may have come.
REWRITE = """
local new, changed = {}, 0
for i = 1, #ARGV, 2 do new[ARGV[i]] = ARGV[i + 1] end
for i, event in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if new[event] then
    redis.call('LSET', KEYS[1], i - 1, new[event])
    changed = changed + 1
  end
end
return changed
"""
# KEYS: a conversation. ARGV: its version as read, the next one, its new state, '1' when the assistant's memory goes
# too. Somebody else was faster: the next round finds it again.
RESTATE = """
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3])
if ARGV[4] == '1' then redis.call('HSET', KEYS[1], 'tracker', '') end
return 1
"""


class _Event(msgspec.Struct):
    at: datetime
    conversation: str = ""
    type: str = ""


class _Line(msgspec.Struct):
    at: datetime


_events = msgspec.json.Decoder(_Event)
_lines = msgspec.json.Decoder(_Line)
_conversations = msgspec.json.Decoder(Conversation)


async def forget(redis: Redis[bytes], prefix: str, channel: str, moments: Moments) -> int:
    """How many pieces were emptied or taken out."""
    pieces = 0
    names = [name async for name in keys(redis, f"{prefix}conv:{channel}:")]
    for thread in names:
        key = f"{channel}:{thread}"
        oldest = await redis.lindex(f"{prefix}log:{key}", 0)
        if oldest and _events.decode(oldest).at >= moments.profile:
            continue
        log = await redis.lrange(f"{prefix}log:{key}", 0, -1)
        pieces += await _log(redis, f"{prefix}log:{key}", log, moments)
        pieces += await _state(redis, f"{prefix}conv:{key}", log, moments)
        pieces += await _page(redis, f"{prefix}webchat:items:{thread}", moments)
    async for name in keys(redis, f"{prefix}words:{channel}:"):
        pieces += await _sent(redis, f"{prefix}words:{channel}:{name}", moments)
    return pieces + await _streams(redis, prefix, channel, moments)


async def _log(redis: Redis[bytes], name: str, log: Sequence[bytes], moments: Moments) -> int:
    changes: list[bytes] = []
    for data in log:
        new = moments.emptied(data, _events.decode(data).at)
        changes += [data, new] if new != data else []
    return int(await redis.register_script(REWRITE)(keys=[name], args=changes)) if changes else 0


async def _state(redis: Redis[bytes], name: str, log: Sequence[bytes], moments: Moments) -> int:
    state, version, tracker = await redis.hmget(name, "state", "version", "tracker")
    if not state or not version:
        return 0
    conversation = _conversations.decode(state)
    last = conversation.last_inbound_at or conversation.opened_at
    resting = last < moments.now - QUIET
    # What was found out does not say when. Where a rule counts hours, it goes with the first words, though the customer
    # writes every day; not under the hands of a person who works with it.
    ruled = moments.now - moments.content <= BRIEF and conversation.owner in (Owner.BOT, Owner.CLOSED)
    new = moments.emptied(state, conversation.opened_at if ruled and resting else last)
    said = [event.at for event in map(_events.decode, log) if event.type == "customer_wrote"][-TURNS_REMEMBERED:]
    drop = bool(tracker) and resting and (last < moments.content or (bool(said) and said[0] < moments.content))
    if _conversations.decode(new) == conversation and not drop:
        return 0
    following = msgspec.structs.replace(_conversations.decode(new), version=int(version) + 1)
    args: list[bytes | int | str] = [version, following.version, msgspec.json.encode(following), "1" if drop else "0"]
    return int(await redis.register_script(RESTATE)(keys=[name], args=args))


async def _page(redis: Redis[bytes], name: str, moments: Moments) -> int:
    old = [item async for item, _ in elements(redis, name) if _lines.decode(item).at < moments.content]
    return int(await redis.zrem(name, *old)) if old else 0


async def _sent(redis: Redis[bytes], name: str, moments: Moments) -> int:
    """Words of ours that no echo can bring back any more: their field says until when one might."""
    old = [
        field
        async for field, value in redis.hscan_iter(name)
        if field.startswith(b"words:") and float(value.partition(b"|")[0] or b"inf") < moments.content.timestamp()
    ]
    return int(await redis.hdel(name, *old)) if old else 0


async def _streams(redis: Redis[bytes], prefix: str, channel: str, moments: Moments) -> int:
    """The events that the archive has not taken in yet, and the dead letters."""
    until = f"{int(moments.profile.timestamp() * 1000)}-0"
    oldest = int(moments.content.timestamp() * 1000)
    ours = f"{channel}:"

    def event(_: str, fields: Fields) -> Fields | None:
        head = _events.decode(fields[b"e"])
        if not head.conversation.startswith(ours):
            return fields
        new = moments.emptied(fields[b"e"], head.at)
        return fields if new == fields[b"e"] else {**fields, b"e": new}

    def letter(_: str, fields: Fields) -> Fields | None:
        of = fields[b"key"].decode()
        return None if int(fields[b"at"]) < oldest and (of == channel or of.startswith(ours)) else fields

    pieces = await rebuild(redis, f"{prefix}events", until, event)
    return pieces + await rebuild(redis, f"{prefix}dead", "+", letter)
