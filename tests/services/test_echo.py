"""The platform shows us what the brand said: our own words confirm, anybody else's take the conversation over."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.house import House
from bot.core.ports import HandoffRequest, Turn, Utterance
from bot.services.deliver import ASK_AGAIN_S, MOST_LOOKS
from channels.errors import Ambiguous, RecipientGone
from channels.messages import Customer, HumanEcho, OutboundMessage, OwnEcho, Receipt, Surface, post_thread
from tests.services.world import DINA, KEY, AnswerLost, SocialChannel, World

PRIVATE, PUBLIC = Surface.PRIVATE, Surface.PUBLIC


@pytest.fixture
def channel() -> SocialChannel:
    return SocialChannel()


@pytest.fixture
def world(channel: SocialChannel) -> World:
    return World(channel)


async def echo(world: World, text: str, external_id: str = "h1", **fields: Any) -> None:
    """The platform does not say who wrote it."""
    given = {"text": text, "external_id": external_id, "maybe_ours": True, **fields}
    await world.receive(world.event(HumanEcho, **given))
    await world.work()


async def told(world: World, status: str, **fields: Any) -> None:
    await world.receive(world.event(Receipt, status=status, **fields))
    await world.work()


class TestWhoseWordsTheyAre:
    async def test_ours_by_the_id_that_we_were_told(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.deliver()
        [post] = channel.posts
        await echo(world, "whatever the platform made of it", post.external_id)
        assert (await world.conversation()).owner is Owner.BOT
        assert await world.statuses() == [("echo: hi", "sent")]

    async def test_ours_by_the_words_that_are_on_their_way(self, world: World, channel: SocialChannel) -> None:
        """The echo is faster than the answer to our own call."""
        await world.write("hi")

        async def at_once(message: OutboundMessage) -> None:
            channel.before_answer = None
            await echo(world, "Echo:  HI", "p9")

        channel.before_answer = at_once
        await world.deliver()
        assert (await world.conversation()).owner is Owner.BOT
        assert await world.statuses() == [("echo: hi", "sent")]
        assert channel.private == ["echo: hi"]

    async def test_ours_by_the_words_that_were_just_sent_under_another_id(
        self, world: World, channel: SocialChannel
    ) -> None:
        await world.write("see https://a.example/very/long")
        await world.deliver()
        await echo(world, "echo: see https://t.co/x", "other-id")
        assert (await world.conversation()).owner is Owner.BOT
        assert len(await world.log(e.ReplyComposed)) == 1

    async def test_one_part_of_ours(self, world: World, channel: SocialChannel) -> None:
        world.dialogue.script["long"] = Turn(utterances=(Utterance(text="The first part.\n\nThe second part."),))
        await world.write("long")
        await world.deliver()
        await echo(world, "The second part.", "other-id")
        assert (await world.conversation()).owner is Owner.BOT

    @pytest.mark.parametrize("surface", Surface)
    async def test_else_a_persons_who_takes_over(self, world: World, channel: SocialChannel, surface: Surface) -> None:
        await world.write("hi")
        await world.deliver()
        await echo(world, "Hello Ani, Rani here.", surface=surface)
        conversation = await world.conversation()
        assert (conversation.owner, conversation.agent_name) == (Owner.HUMAN, "platform app")
        [line] = [line for line in await world.lines() if line.author == "agent"]
        assert (line.text, line.status, line.surface) == ("Hello Ani, Rani here.", "sent", surface)
        await world.write("thank you, Rani")
        await world.deliver()
        assert channel.calls == ["echo: hi"], "and the assistant is silent"

    async def test_certainly_a_person_even_with_our_words(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.deliver()
        await echo(world, "echo: hi", maybe_ours=False, author="Rani")
        assert (await world.conversation()).agent_name == "Rani"

    async def test_words_to_another_customer_are_not_these(self, world: World) -> None:
        await world.write("hi")
        await world.deliver()
        await world.receive(world.message("hello", thread_id="8"))
        await world.work()
        await echo(world, "echo: hi", thread_id="8")
        assert (await world.conversation("fake:8")).owner is Owner.HUMAN

    async def test_a_person_silences_what_still_waits(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await echo(world, "I'll take this one.")
        await world.deliver()
        assert channel.calls == []
        assert ("echo: hi", "dropped") in await world.statuses()

    @pytest.mark.parametrize(
        "theirs",
        [
            "The fee is low. Anything else?",
            "the fee is low",
            "Hi Ani, Rani here. The fee is low. Ask me anything.",
            "fee is low.",
        ],
    )
    async def test_words_that_only_hold_ours_or_are_held_by_them_are_a_persons(
        self, world: World, channel: SocialChannel, theirs: str
    ) -> None:
        world.dialogue.script["fee"] = Turn(utterances=(Utterance(text="The fee is low. Is that all?"),))
        world.dialogue.script["and?"] = Turn(utterances=(Utterance(text="The fee is low."),))
        await world.write("fee", "and?")
        await world.deliver()
        await echo(world, theirs)
        assert (await world.conversation()).owner is Owner.HUMAN

    @pytest.mark.parametrize("shown", ["Ya", "@ani Ya", "@ani.wijaya ya", "@ani @budi  Ya"])
    async def test_a_short_answer_with_names_in_front(self, world: World, channel: SocialChannel, shown: str) -> None:
        world.dialogue.script["is it?"] = Turn(utterances=(Utterance(text="Ya"),))
        await world.write("is it?")
        await world.deliver()
        await echo(world, shown, "other-id")
        assert (await world.conversation()).owner is Owner.BOT
        await echo(world, f"{shown}, betul", "h2")
        assert (await world.conversation()).owner is Owner.HUMAN

    async def test_a_picture_is_shown_without_words(self, world: World, channel: SocialChannel) -> None:
        """The part that is on its way has none, though the message has some."""
        picture = Utterance(text="Our branches:", image="https://a.example/map.png")
        world.dialogue.script["map"] = Turn(utterances=(picture,))
        await world.write("map")

        async def at_once(message: OutboundMessage) -> None:
            if channel.calls[-1] == "send":
                await echo(world, "", "p9")

        channel.before_answer = at_once
        await world.deliver()
        assert channel.calls == ["Our branches:", "send"]
        assert (await world.conversation()).owner is Owner.BOT
        assert await world.statuses() == [("Our branches:", "sent")]

    async def test_a_picture_where_only_words_went_out_is_a_persons(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.deliver()
        await echo(world, "")
        assert (await world.conversation()).owner is Owner.HUMAN

    async def test_short_words_must_be_the_same(self, world: World, channel: SocialChannel) -> None:
        world.dialogue.script["hi"] = Turn(utterances=(Utterance(text="Okay, it is noted."),))
        await world.write("hi")
        await world.deliver()
        await echo(world, "ok")
        assert (await world.conversation()).owner is Owner.HUMAN

    async def test_a_public_answer_found_by_its_comment(self, world: World, channel: SocialChannel) -> None:
        world.dialogue.script["person"] = Turn(handoff=HandoffRequest(reason="customer_asked"))
        comment = await world.post("person")
        await world.deliver()
        [post] = channel.posts
        given = {"thread_id": post_thread(comment), "surface": PUBLIC}
        await echo(world, post.text, post.external_id, **given)
        assert (await world.conversation()).owner is Owner.WAITING
        await echo(world, "I am on it", "h2", **given)
        assert (await world.conversation()).owner is Owner.HUMAN


class TestSeveralCustomersUnderOneMessage:
    """A platform that names only the public message which an echo hangs on: the first customer's comment here."""

    SECOND = "fake:8"

    @pytest.fixture(autouse=True)
    def abilities(self, channel: SocialChannel, world: World) -> None:
        channel.set(PUBLIC, echoes=True)
        turns = {"fee?": "It costs little.", "open?": "We open at nine.", "both?": "It costs little."}
        for asked, answer in turns.items():
            world.dialogue.script[asked] = Turn(utterances=(Utterance(text=answer, response="utter_public"),))

    @pytest.fixture
    def world(self, channel: SocialChannel) -> World:
        return World(channel, House(public_responses=frozenset({"utter_public"})))

    async def begin(self, world: World) -> str:
        """Ani asks and is answered; her comment's id."""
        root = await world.post("fee?")
        await world.deliver()
        return root

    async def other(self, world: World, text: str, root: str) -> None:
        """Budi asks under her comment."""
        await world.post(text, thread_id="8", customer=Customer(external_id="8", name="Budi"), root=root)

    async def shown(self, world: World, root: str, text: str, external_id: str) -> None:
        await echo(world, text, external_id, thread_id=post_thread(root), surface=PUBLIC)

    async def events(self, world: World, key: str, kind: type[e.AnyEvent]) -> list[Any]:
        return [event for event in await world.store.log(key) if isinstance(event, kind)]  # type: ignore[arg-type]

    async def owners(self, world: World) -> tuple[Owner, Owner]:
        return (await world.conversation()).owner, (await world.conversation(self.SECOND)).owner

    @pytest.mark.parametrize("by", ["id", "words"])
    @pytest.mark.parametrize("first_wrote_last", [True, False])
    async def test_our_answer_to_one_leaves_the_others_case_alone(
        self, world: World, channel: SocialChannel, by: str, first_wrote_last: bool
    ) -> None:
        root = await self.begin(world)
        await self.other(world, "open?", root)
        await world.deliver()
        [_, answer] = channel.posts
        if first_wrote_last:
            await world.post("fee?", root=root)
        await self.shown(world, root, answer.text, answer.external_id if by == "id" else "another-id")
        assert await self.owners(world) == (Owner.BOT, Owner.BOT)
        assert len(await self.events(world, self.SECOND, e.ReplySent)) == 1

    @pytest.mark.parametrize("first_wrote_last", [True, False])
    async def test_and_confirms_that_answer(self, world: World, channel: SocialChannel, first_wrote_last: bool) -> None:
        root = await self.begin(world)
        await self.other(world, "open?", root)
        if first_wrote_last:
            await world.receive(world.comment("fee?", root=root))
        channel.script = [AnswerLost(Ambiguous("timed out"))]
        await world.deliver()
        assert await self.events(world, self.SECOND, e.ReplySent) == []
        await self.shown(world, root, "We open at nine.", "p5")
        world.clock.forward(ASK_AGAIN_S)
        await world.deliver()
        assert channel.calls.count("We open at nine.") == 1
        sent = await self.events(world, self.SECOND, e.ReplySent)
        assert {event.external_ids for event in sent} == {("p5",)}
        assert await self.owners(world) == (Owner.BOT, Owner.BOT)

    async def test_the_same_words_to_both_are_told_apart_by_their_id(
        self, world: World, channel: SocialChannel
    ) -> None:
        """The answer to the first is lost: that of the second must not pass for it."""
        root = await world.post("fee?")
        channel.script = [Ambiguous("timed out")]
        await world.deliver()
        await self.other(world, "both?", root)
        await world.deliver()
        [answer] = channel.posts
        await world.receive(world.comment("hello?", root=root))  # the first wrote last
        await self.shown(world, root, answer.text, answer.external_id)
        assert await world.log(e.ReplySent) == []
        assert await self.owners(world) == (Owner.BOT, Owner.BOT)

    @pytest.mark.parametrize("second_last", [True, False])
    async def test_a_person_takes_the_case_of_who_wrote_last(self, world: World, second_last: bool) -> None:
        root = await self.begin(world)
        await self.other(world, "open?", root)
        if not second_last:
            await world.post("fee?", root=root)
        await world.deliver()
        await self.shown(world, root, "Rani here, I'll see to it.", "h1")
        taken = (Owner.BOT, Owner.HUMAN) if second_last else (Owner.HUMAN, Owner.BOT)
        assert await self.owners(world) == taken


class TestConfirming:
    @pytest.fixture(autouse=True)
    def echoes(self, channel: SocialChannel) -> None:
        channel.set(PRIVATE, echoes=True)

    async def test_an_ambiguous_send_is_settled_without_a_resend(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        [message] = await world.queued()
        channel.script = [AnswerLost(Ambiguous("timed out"))]
        await world.deliver()
        assert await world.statuses() == [("echo: hi", "queued")]
        await world.receive(world.event(OwnEcho, external_id="p5", message_id=f"{message.message_id}/0"))
        await world.work()
        assert await world.statuses() == [("echo: hi", "sent")]
        world.clock.forward(ASK_AGAIN_S)
        await world.deliver()
        assert channel.calls == ["echo: hi"]
        assert (await world.conversation()).owner is Owner.BOT
        assert (await world.outbox.depth()).messages == 0
        [line] = [line for line in await world.lines() if line.author == "bot"]
        assert line.external_ids == ("p5",)

    async def test_by_its_words_where_no_tag_travels(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [AnswerLost(Ambiguous("timed out"))]
        await world.deliver()
        await echo(world, "echo: hi", "p5")
        world.clock.forward(ASK_AGAIN_S)
        await world.deliver()
        assert channel.calls == ["echo: hi"]
        assert await world.statuses() == [("echo: hi", "sent")]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_the_parts_that_are_missing_still_leave(self, world: World, channel: SocialChannel) -> None:
        await world.write("a\n\nb")
        [message] = await world.queued()
        channel.script = [AnswerLost(Ambiguous("timed out"))]
        await world.deliver()
        await world.receive(world.event(OwnEcho, external_id="p5", message_id=f"{message.message_id}/0"))
        await world.work()
        world.clock.forward(ASK_AGAIN_S)
        await world.deliver()
        assert channel.calls == ["echo: a", "b"]

    @pytest.mark.parametrize("tagged", [True, False])
    async def test_a_late_echo_turns_unconfirmed_into_sent(
        self, world: World, channel: SocialChannel, tagged: bool
    ) -> None:
        await world.write("hi")
        [message] = await world.queued()
        channel.script = [AnswerLost(Ambiguous("timed out"))]
        for _ in range(MOST_LOOKS + 1):
            await world.deliver()
            world.clock.forward(ASK_AGAIN_S)
        assert (await world.statuses())[0] == ("echo: hi", "unconfirmed")
        if tagged:
            await world.receive(world.event(OwnEcho, external_id="p5", message_id=f"{message.message_id}/0"))
            await world.work()
        else:
            await echo(world, "echo: hi", "p5")
        assert (await world.statuses())[0] == ("echo: hi", "sent")
        assert (await world.conversation()).owner is Owner.WAITING, "not a person's takeover"
        assert channel.calls.count("echo: hi") == 1

    async def test_told_twice_is_noted_once(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        [message] = await world.queued()
        await world.deliver()
        for number in range(2):
            tag = f"{message.message_id}/0"
            await world.receive(world.event(OwnEcho, event_id=f"o{number}", external_id="p5", message_id=tag))
        await world.work()
        assert len(await world.log(e.ReplySent)) == 1

    async def test_an_echo_of_ours_is_never_answered(self, world: World, channel: SocialChannel) -> None:
        await world.receive(world.event(OwnEcho, external_id="p5", text="hello"))
        await world.work()
        await world.deliver()
        assert (world.dialogue.heard, channel.calls) == ([], [])


class TestReceipts:
    async def sent(self, world: World) -> str:
        await world.write("hi")
        [message] = await world.queued()
        await world.deliver()
        return f"{message.message_id}/0"

    async def test_one_with_our_tag_confirms_what_nobody_answered(self, world: World, channel: SocialChannel) -> None:
        channel.set(PRIVATE, echoes=True)
        await world.write("hi")
        [message] = await world.queued()
        channel.script = [AnswerLost(Ambiguous("timed out"))]
        await world.deliver()
        await told(world, "sent", external_ids=("wamid.1",), message_id=f"{message.message_id}/0")
        world.clock.forward(ASK_AGAIN_S)
        await world.deliver()
        assert channel.calls == ["echo: hi"]
        assert await world.statuses() == [("echo: hi", "sent")]

    @pytest.mark.parametrize("status", ["sent", "delivered", "read"])
    async def test_of_what_is_known_to_be_sent_is_no_news(self, world: World, status: str) -> None:
        call = await self.sent(world)
        await told(world, status, external_ids=("wamid.1",), message_id=call)
        await told(world, status)
        assert len(await world.log(e.ReplySent)) == 1

    @pytest.mark.parametrize("by", ["tag", "id"])
    async def test_one_that_failed_goes_to_a_person_and_the_customer_hears_of_it(
        self, world: World, channel: SocialChannel, by: str
    ) -> None:
        call = await self.sent(world)
        named = {"message_id": call} if by == "tag" else {"external_ids": (channel.posts[0].external_id,)}
        await told(world, "failed", error="Rejected", code="131026", detail="Undeliverable", **named)
        await world.deliver()
        [failed] = await world.log(e.ReplyFailed)
        assert (failed.error, failed.code, failed.detail) == ("Rejected", "131026", "Undeliverable")
        assert (await world.statuses())[0] == ("echo: hi", "failed")
        assert await world.moves() == [("bot", "waiting", "send_failed")]
        assert (await world.conversation()).handoff.detail == "Undeliverable"  # type: ignore[union-attr]
        assert channel.private == ["echo: hi", "[handoff/en] 5"]

    @pytest.mark.parametrize("error", ["WindowClosed", "RecipientGone", "OwnedElsewhere"])
    async def test_nothing_more_is_said_where_nothing_arrives(
        self, world: World, channel: SocialChannel, error: str
    ) -> None:
        call = await self.sent(world)
        await told(world, "failed", error=error, message_id=call)
        await world.deliver()
        conversation = await world.conversation()
        assert conversation.owner is Owner.WAITING
        assert conversation.reachable is (error != RecipientGone.__name__)
        assert channel.private == ["echo: hi"]

    async def test_of_something_that_is_not_ours_is_nobodys_business(
        self, world: World, channel: SocialChannel
    ) -> None:
        await self.sent(world)
        await told(world, "failed", external_ids=("from-another-app",), error="Rejected")
        await told(world, "failed", error="Rejected")
        assert (await world.conversation()).owner is Owner.BOT
        assert await world.log(e.ReplyFailed) == []

    async def test_a_persons_lost_message_stays_with_them(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, DINA)
        await world.desk.reply(KEY, DINA, "Hello", "c1")
        await world.deliver()
        await told(world, "failed", error="Rejected", message_id="dina.c1/0")
        assert (await world.conversation()).agent_id == "dina"
        assert ("Hello", "failed") in await world.statuses()

    async def test_the_lost_notice_of_a_handover_leads_to_no_other(self, world: World, channel: SocialChannel) -> None:
        call = await self.sent(world)
        await told(world, "failed", error="Rejected", message_id=call)
        [notice] = await world.queued()
        await world.deliver()
        await told(world, "failed", error="Rejected", message_id=f"{notice.message_id}/0")
        await world.deliver()
        assert channel.private == ["echo: hi", "[handoff/en] 5"]
