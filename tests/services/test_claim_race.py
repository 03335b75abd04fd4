"""A claim against a reply in flight, two hundred times, over a real Valkey: once a person has it the bot is silent."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from redis.asyncio import Redis

from bot.adapters.redis_mailbox import RedisMailbox
from bot.adapters.redis_send_log import RedisSendLog
from bot.adapters.redis_store import RedisStore
from bot.core.conversation import Conversation
from bot.core.events import ReplyDropped, ReplySent
from bot.core.ports import Commit, Lease, Utterance
from bot.services.compose import Outgoing
from channels.messages import OutboundMessage, Sender
from tests.services.world import CHANNEL, DINA, World

RACES = 200
AT_A_TIME = 20


async def test_no_bot_message_after_a_claim(redis: Redis) -> None:
    world = World()
    world.store, world.sends = RedisStore(redis), RedisSendLog(redis)  # type: ignore[assignment]
    world.outbox = RedisMailbox(redis, f"out.{CHANNEL}")  # type: ignore[assignment]
    desk, courier = world.new_desk(world.store), world.new_courier("life1")
    claimed: set[str] = set()
    late: list[str] = []

    async def call(message: OutboundMessage) -> None:
        await asyncio.sleep(random.uniform(0, 0.01))
        if message.sender is Sender.BOT and message.conversation_key in claimed:
            late.append(message.conversation_key)

    world.channel.before_answer = call

    async def deliver(key: str) -> None:
        lease = await world.outbox.lease("courier", 2.0)
        assert lease is not None
        following: Lease | None = lease
        while following is not None:
            following = await courier.handle(following)

    async def claim(key: str) -> None:
        await asyncio.sleep(random.uniform(0, 0.015))
        await desk.claim(key, DINA)
        claimed.add(key)

    async def race(number: int) -> None:
        begun = Conversation.begin(world.message("hi", thread_id=str(number)))
        out = Outgoing(world.speech, begun, world.clock.now())
        for text in ("one", "two"):
            out.utter(Utterance(text=text), "e1")
        await world.store.commit(
            Commit(conversation=out.conversation, expected_version=0, events=out.events, outbox=out.messages)
        )
        await asyncio.gather(deliver(begun.key), claim(begun.key))

    for start in range(0, RACES, AT_A_TIME):
        await asyncio.gather(*(race(number) for number in range(start, start + AT_A_TIME)))
    while (lease := await world.outbox.lease("courier", 0.05)) is not None:
        following: Lease | None = lease
        while following is not None:
            following = await courier.handle(following)

    assert len(claimed) == RACES
    assert late == []
    ends: list[Any] = [event for n in range(RACES) for event in await world.store.log(f"{CHANNEL}:{n}")]
    sent = sum(isinstance(event, ReplySent) for event in ends)
    dropped = sum(isinstance(event, ReplyDropped) for event in ends)
    assert sent + dropped == 3 * RACES, "two replies and the notice of the claim"
    assert dropped > 20, "the races were real"
    assert sent > RACES + 20
