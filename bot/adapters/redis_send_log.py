"""The courier's memory of what left, and the gate that a person's takeover shuts."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching, script
from bot.core.ports import PartState
from channels.messages import OutboundMessage, Sender

RECORD_S = 7 * 86_400  # as long as the outbox remembers message ids
IN_FLIGHT_MS = 16_000  # longer than a platform call may take; a dead courier's mark must not stay


class RedisSendLog:
    """Implements ports.SendLog. Every method raises StoreUnavailable when the server can't be reached."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._begin = script(redis, "begin_send")

    async def begin(self, message: OutboundMessage, part: int, attempt: str) -> PartState:
        automated = "0" if message.sender is Sender.AGENT else "1"
        keys = [self._conversation(message), self._record(message), self._in_flight(message.conversation_key)]
        with reaching():
            verdict, external_id = await self._begin(
                keys=keys,
                args=[part, attempt, automated, message.epoch, message.message_id, RECORD_S, IN_FLIGHT_MS],
            )
        return PartState(verdict=verdict.decode(), external_id=external_id.decode())

    async def finish(self, message: OutboundMessage, part: int, external_id: str) -> None:
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(self._record(message), f"done:{part}", external_id)
            pipe.hdel(self._record(message), f"attempt:{part}")
            pipe.delete(self._in_flight(message.conversation_key))
            await pipe.execute()

    async def abort(self, message: OutboundMessage, part: int) -> None:
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hdel(self._record(message), f"attempt:{part}")
            pipe.delete(self._in_flight(message.conversation_key))
            await pipe.execute()

    async def in_flight(self, key: str) -> bool:
        with reaching():
            return bool(await self._redis.exists(self._in_flight(key)))

    def _conversation(self, message: OutboundMessage) -> str:
        return f"{self._prefix}conv:{message.conversation_key}"

    def _record(self, message: OutboundMessage) -> str:
        return f"{self._prefix}send:{message.message_id}"

    def _in_flight(self, key: str) -> str:
        return f"{self._prefix}inflight:{key}"
