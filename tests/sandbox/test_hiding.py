"""Our channels hide customers' messages on the pretend platforms, and hear how far somebody is heard."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.base import Channel
from channels.errors import Ambiguous, AuthFailed, RateLimited, Rejected
from channels.messages import Customer, MessageReceived, OutboundMessage, RawRequest, Surface
from channels.registry import load_channels, read_credentials
from tests.sandbox.social import World, world

__all__ = ["world"]

CREDENTIALS = Path(__file__).parents[2] / "sandbox" / "credentials.yml"
HIDING = ("facebook", "instagram", "x")


@pytest.fixture
async def channels(world: World) -> AsyncIterator[dict[str, Channel[Any]]]:
    credentials = read_credentials(CREDENTIALS, {"SIGAP_SANDBOX_PORT": str(world.http.base_url.port)})
    webchat = "channels.rasa_connector.Webchat"
    made = load_channels({**credentials, webchat: {**credentials[webchat], "secret": "x" * 32}})
    yield made
    for channel in made.values():
        await channel.close()


async def comment(world: World, name: str, **more: Any) -> dict[str, Any]:
    """Under the first thing that the brand published."""
    platform = world.platforms[name]
    person, post = next(iter(platform.people)), next(iter(platform.posts))
    where = {"reply_to": post} if platform.own_posts else {"post": post}
    words = "my card is 4111 1111 1111 1111"
    return await world.act(name, "write", customer=person, surface="public", text=words, **{**where, **more})


def hide(name: str, external_id: str) -> OutboundMessage:
    return OutboundMessage(
        message_id="m", channel=name, thread_id="c", customer=Customer(external_id="c"), kind="hide",
        created_at=datetime.now(UTC), surface=Surface.PUBLIC, reply_to=external_id,
    )  # fmt: skip


@pytest.mark.parametrize("name", HIDING)
async def test_a_comment_is_hidden_and_again_does_no_harm(
    world: World, channels: dict[str, Channel[Any]], name: str
) -> None:
    entry = await comment(world, name)
    for _ in range(2):
        sent = await channels[name].send_part(hide(name, entry["id"]), 0)
        assert sent.external_id == ""
    shown = [item for item in await world.feed(name) if item["id"] == entry["id"]]
    assert [(item["change"], item["hidden"]) for item in shown][:2] == [("new", False), ("hide", True)]
    assert (await world.state(name))["violations"] == []


@pytest.mark.parametrize("name", HIDING)
async def test_what_is_gone_is_refused(world: World, channels: dict[str, Channel[Any]], name: str) -> None:
    entry = await comment(world, name)
    await world.act(name, "delete", id=entry["id"])
    with pytest.raises(Rejected):
        await channels[name].send_part(hide(name, entry["id"]), 0)


async def test_x_hides_only_in_conversations_that_the_brand_began(
    world: World, channels: dict[str, Channel[Any]]
) -> None:
    elsewhere = await comment(world, "x", reply_to="")
    with pytest.raises(Rejected):
        await channels["x"].send_part(hide("x", elsewhere["id"]), 0)
    assert not world.platforms["x"].entries[elsewhere["id"]].hidden


@pytest.mark.parametrize("name", HIDING)
async def test_the_network_treats_it_as_it_treats_a_message(
    world: World, channels: dict[str, Channel[Any]], name: str
) -> None:
    entry = await comment(world, name)
    await world.act(name, "dials", limit_per_second=0.001)
    channel, wanted = channels[name], hide(name, entry["id"])
    await channel.send_part(wanted, 0)
    with pytest.raises(RateLimited):
        await channel.send_part(wanted, 0)
    await world.act(name, "dials", limit_per_second=0, timeout_after_send_share=1.0, hang_s=0.0)
    with pytest.raises(Ambiguous):
        await channel.send_part(wanted, 0)
    await world.act(name, "dials", timeout_after_send_share=0.0)
    await world.act(name, "revoke")
    with pytest.raises(AuthFailed):
        await channel.send_part(wanted, 0)


async def test_a_mention_on_instagram_tells_its_likes(world: World, channels: dict[str, Channel[Any]]) -> None:
    platform = world.platforms["instagram"]
    elsewhere = next(post.id for post in platform.posts.values() if post.owner)
    entry = await comment(world, "instagram", post=elsewhere, engagement=77)
    value = {"media_id": elsewhere, "comment_id": entry["id"]}
    change = {"id": platform.brand.id, "time": 1, "changes": [{"field": "mentions", "value": value}]}
    body = json.dumps({"object": "instagram", "entry": [change]}).encode()
    (event,) = channels["instagram"].parse(RawRequest(method="POST", path="/", body=body))
    mention = await channels["instagram"].complete(event)
    assert isinstance(mention, MessageReceived)
    assert (mention.engagement, mention.hidable) == (77, False)
