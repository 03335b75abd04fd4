"""Every rule at work: what it forbids never reaches the platform, and the same message does where it does not apply.

All through the front door: a customer writes, the assistant or a person answers, and what counts is what is on the
(fake) platform in the end.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.house import House, Personal, QuietHours
from bot.core.ports import HandoffRequest, Letter, Turn, Utterance
from bot.services.change import NotPermitted
from channels.capabilities import PrivateReply
from channels.errors import Ambiguous, Rejected
from channels.messages import (
    ApprovedTemplate,
    ControlPassed,
    HumanEcho,
    MessageDeleted,
    OutboundMessage,
    Sender,
    Surface,
    post_thread,
)
from tests.services.world import DINA, KEY, AnswerLost, SocialChannel, World

DAY = 86_400.0
WEEK = 7 * DAY
PUBLIC, PRIVATE = Surface.PUBLIC, Surface.PRIVATE
PRIVATE_REPLY = PrivateReply(within=timedelta(days=7), source="https://v/private-replies")
HOUSE = House(
    public_responses=frozenset({"utter_fee", "utter_thanks"}), solving_responses=frozenset({"utter_thanks"}),
    personal_slots=frozenset({"ref"}), personal=(Personal("reference", r"\bAR-\d{4}\b"),),
    opt_out=("stop", "berhenti"), opt_in=("start", "mulai"),
    quiet_hours=QuietHours(from_="21:00", to="07:00", timezone="Asia/Jakarta"),
)  # fmt: skip
FEE, PERSONAL, PERSON = "what does it cost?", "where is my parcel?", "a person please"


@pytest.fixture
def channel() -> SocialChannel:
    return SocialChannel()


@pytest.fixture
def world(channel: SocialChannel) -> World:
    """09:00 UTC is 16:00 in Jakarta."""
    world = World(channel, HOUSE)
    world.dialogue.script = {
        FEE: Turn(utterances=(Utterance(text="It costs little.", response="utter_fee"),)),
        PERSONAL: Turn(utterances=(Utterance(text="Parcel AR-1234 is packed.", response="utter_parcel"),)),
        PERSON: Turn(handoff=HandoffRequest(reason="customer_asked")),
        "thanks": Turn(utterances=(Utterance(text="Welcome!", response="utter_thanks"),)),
    }
    return world


async def refused(world: World, rule: str, next_step: str, source: str | None = "", *, silent: bool = False) -> None:
    """The one refusal that there was carries all that a person needs; a person sees it, unless nobody has to.

    `source` None: whichever of the vendor's pages the core names.
    """
    [event] = await world.log(e.ReplyRefused)
    assert (event.rule, event.next_step) == (rule, next_step)
    assert event.source.startswith("https://") if source is None else event.source == source
    [line] = [line for line in await world.lines() if line.line_id == event.message_id]
    assert (line.status, line.reason, line.next_step, line.source) == ("refused", rule, next_step, event.source)
    conversation = await world.conversation()
    if silent:
        assert await world.moves() == []
        assert conversation.owner is Owner.BOT
    else:
        assert await world.moves() == [("bot", "waiting", "policy")]
        assert conversation.handoff is not None
        assert conversation.handoff.detail == rule
        assert (await world.inbound.depth()).delayed == 1, "and the clock runs"
    assert world.meter.counts["sends", "fake", "refused"] == 1


def letter(message: OutboundMessage, **changes: Any) -> Letter:
    """The message once more, changed."""
    again = replace(message, **changes)
    return Letter(key=KEY, dedupe_id=again.message_id, body=msgspec.json.encode(again))


async def taken(world: World) -> None:
    """Dina has the conversation, and all that led to it is said."""
    await world.desk.claim(KEY, DINA)
    await world.deliver()


async def denied(reply: Awaitable[object], rule: str, next_step: str, source: str | None = "") -> None:
    """A person is told before they have forgotten what they wrote."""
    with pytest.raises(NotPermitted) as caught:
        await reply
    refusal = caught.value.refusal
    assert (refusal.rule, refusal.next_step) == (rule, next_step)
    assert refusal.source.startswith("https://") if source is None else refusal.source == source


class TestWindow:
    @pytest.fixture(autouse=True)
    def rules(self, channel: SocialChannel) -> None:
        channel.rule(
            PRIVATE, window=timedelta(days=1), window_source="https://v/window", human_window=timedelta(days=7),
            human_tag="HUMAN_AGENT", human_source="https://v/human",
        )  # fmt: skip

    @pytest.mark.parametrize(("later", "reaches"), [(DAY, True), (DAY + 1, False)])
    async def test_the_bot_has_a_day(self, world: World, channel: SocialChannel, later: float, reaches: bool) -> None:
        await world.write("hi")
        world.clock.forward(later)  # a courier that was down, a platform that was
        await world.deliver()
        assert channel.private == (["echo: hi"] if reaches else [])
        if reaches:
            assert [post.tag for post in channel.posts] == [""]
        else:
            await refused(world, "window_closed", "person", "https://v/human")

    @pytest.mark.parametrize(("later", "tag"), [(DAY, ""), (DAY + 1, "HUMAN_AGENT"), (WEEK, "HUMAN_AGENT")])
    async def test_a_person_has_a_week_under_the_tag_of_people(
        self, world: World, channel: SocialChannel, later: float, tag: str
    ) -> None:
        await world.write("hi")
        await taken(world)
        world.clock.forward(later)
        await world.desk.reply(KEY, DINA, "Here I am", "c1")
        await world.deliver()
        assert (channel.posts[-1].text, channel.posts[-1].tag) == ("Here I am", tag)
        assert all(post.tag == "" for post in channel.posts[:-1]), "no program ever uses it"

    async def test_a_notice_has_no_week(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.deliver()
        world.clock.forward(DAY - 10)
        await world.desk.claim(KEY, DINA)
        world.clock.forward(20)
        await world.deliver()
        assert channel.private == ["echo: hi"]
        [event] = await world.log(e.ReplyRefused)
        assert event.rule == "window_closed"
        await world.desk.close(KEY, DINA)
        assert not await world.queued(), "what would be refused is not even composed"

    async def test_after_a_week_nobody(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await taken(world)
        world.clock.forward(WEEK)
        await world.desk.reply(KEY, DINA, "just in time", "c1")
        world.clock.forward(1)
        await denied(world.desk.reply(KEY, DINA, "late", "c2"), "window_closed", "wait", "https://v/window")
        await world.deliver()
        assert channel.private[-1] != "just in time", "and at the moment of sending it is too late for that, too"
        assert (await world.statuses())[-1] == ("just in time", "refused")
        await world.write("still there?")
        await world.desk.reply(KEY, DINA, "yes", "c3")
        await world.deliver()
        assert channel.private[-1] == "yes", "the customer opens it again"

    async def test_a_comment_opens_no_private_window(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await taken(world)
        world.clock.forward(WEEK + 1)
        await world.post(FEE)
        reply = world.desk.reply(KEY, DINA, "late", "c1", surface=PRIVATE)
        await denied(reply, "window_closed", "wait", "https://v/window")


class TestTemplates:
    @pytest.fixture(autouse=True)
    def rules(self, channel: SocialChannel) -> None:
        channel.rule(PRIVATE, window=timedelta(days=1), templates=True, templates_source="https://v/templates")
        channel.approved = [ApprovedTemplate(name="follow_up", language="en", text="Hello {{1}}, news.")]

    async def test_outside_the_window_only_what_was_approved(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await taken(world)
        world.clock.forward(DAY + 1)
        await denied(world.desk.reply(KEY, DINA, "Hello", "c1"), "window_closed", "template", "https://v/templates")
        await world.desk.send_template(KEY, DINA, "follow_up", "en", ["Ani"], "c2")
        await world.deliver()
        assert (channel.posts[-1].text, channel.posts[-1].template) == ("Hello Ani, news.", "follow_up")

    async def test_where_the_platform_knows_no_templates(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PRIVATE, templates=False)
        await world.write("hi")
        await taken(world)
        said = len(channel.posts)
        template = world.desk.send_template(KEY, DINA, "follow_up", "en", ["Ani"], "c1")
        await denied(template, "no_templates", "wait")
        await world.deliver()
        assert len(channel.posts) == said


class TestPrivateReply:
    @pytest.fixture(autouse=True)
    def rules(self, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, private_reply=PRIVATE_REPLY)

    async def test_one_for_each_comment_and_the_rest_waits(self, world: World, channel: SocialChannel) -> None:
        parts = tuple(Utterance(text=f"part {n} {'x' * 990}", response="utter_parcel") for n in (1, 2))
        world.dialogue.script[PERSONAL] = Turn(utterances=parts)
        comment = await world.post(PERSONAL)
        await world.deliver()
        assert [(post.entry, post.text[:6]) for post in channel.posts if post.surface is PRIVATE] == [
            (comment, "part 1")
        ]
        await taken(world)
        again = world.desk.reply(KEY, DINA, "More", "c1", surface=PRIVATE)
        await denied(again, "no_private_thread", "wait")
        second = await world.post("hello?")
        await world.desk.reply(KEY, DINA, "More", "c2", surface=PRIVATE)
        await world.deliver()
        assert [post.entry for post in channel.posts if post.surface is PRIVATE] == [comment, second]

    async def test_the_second_to_the_same_comment_is_stopped_at_the_last_moment(
        self, world: World, channel: SocialChannel
    ) -> None:
        """Two workers' answers cannot both go, whatever composed them."""
        comment = await world.post(PERSONAL)
        [_, reply] = await world.queued()
        assert reply.entry == comment
        await world.outbox.append([letter(reply, message_id="second")])
        await world.deliver()
        assert [post.entry for post in channel.posts].count(comment) == 1
        [event] = await world.log(e.ReplyRefused)
        assert (event.rule, event.next_step, event.source) == ("private_reply_spent", "wait", PRIVATE_REPLY.source)
        assert await world.moves() == [("bot", "waiting", "policy")]

    @pytest.mark.parametrize(("later", "reaches"), [(WEEK, True), (WEEK + 1, False)])
    async def test_for_a_week(self, world: World, channel: SocialChannel, later: float, reaches: bool) -> None:
        comment = await world.post(PERSONAL)
        world.clock.forward(later)
        await world.deliver()
        assert [post.entry for post in channel.posts if post.surface is PRIVATE] == ([comment] if reaches else [])
        if not reaches:
            await refused(world, "private_reply_late", "public", PRIVATE_REPLY.source)

    async def test_not_where_the_platform_stopped_to_offer_it(self, world: World, channel: SocialChannel) -> None:
        await world.post(PERSONAL)
        channel.rule(PUBLIC, private_reply=None)  # a restart with other settings
        await world.deliver()
        assert channel.private == []
        await refused(world, "no_private_reply", "public")

    async def test_who_never_wrote_in_private_cannot_be_written_to(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, private_reply=None)
        await world.post(FEE)
        await taken(world)
        reply = world.desk.reply(KEY, DINA, "Hello", "c1", surface=PRIVATE)
        await denied(reply, "no_private_thread", "wait")
        await world.deliver()
        assert channel.private == []
        await world.write("here I am")
        await world.desk.reply(KEY, DINA, "Hello", "c2", surface=PRIVATE)
        await world.deliver()
        assert channel.private == ["Hello"]


class TestSummoned:
    @pytest.mark.parametrize("summoned", [True, False])
    async def test_only_who_called_is_answered(self, world: World, channel: SocialChannel, summoned: bool) -> None:
        channel.rule(PUBLIC, summoned_only=True, summoned_source="https://v/summoned")
        await world.post(FEE, summoned=summoned)
        await world.deliver()
        assert channel.public == (["It costs little."] if summoned else [])
        if not summoned:
            assert await world.moves() == [("bot", "waiting", "policy")]
            await world.desk.claim(KEY, DINA)
            own_app = world.desk.reply(KEY, DINA, "Hello", "c1", surface=PUBLIC)
            await denied(own_app, "not_summoned", "own_app", "https://v/summoned")
            await world.deliver()
            assert channel.public == []

    async def test_the_rule_is_asked_again_at_the_last_moment(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE, summoned=False)
        channel.rule(PUBLIC, summoned_only=True, summoned_source="https://v/summoned")
        await world.deliver()
        assert channel.posts == []
        await refused(world, "not_summoned", "own_app", "https://v/summoned")


class TestOneAutomaticReply:
    @pytest.mark.parametrize("limited", [True, False])
    async def test_one_to_each_message(self, world: World, channel: SocialChannel, limited: bool) -> None:
        if limited:
            channel.rule(PUBLIC, automatic_replies=1, automatic_source="https://v/automatic")
        comment = await world.post(FEE)
        await world.write("thanks")  # closes the public thread, which is a second answer to the same comment
        await world.deliver()
        assert channel.public == ["It costs little."] + ([] if limited else ["[solved_public/en]"])
        assert "Welcome!" in channel.private
        await world.post(FEE)
        await world.deliver()
        assert channel.public[-1] == "It costs little.", "the next message may be answered again"
        assert len({post.reply_to for post in channel.posts if post.surface is PUBLIC}) == 2
        assert comment

    @pytest.mark.parametrize("arrived", [True, False])
    async def test_a_handover_is_announced_only_while_it_is_the_first(
        self, world: World, channel: SocialChannel, arrived: bool
    ) -> None:
        """What the platform would not take is not spent; what may have arrived is."""
        channel.rule(PUBLIC, automatic_replies=1, automatic_source="https://v/automatic")
        await world.post(FEE)
        channel.script = [AnswerLost(Ambiguous("timed out")) if arrived else Rejected("no")]
        await world.deliver()
        assert (await world.conversation()).owner is Owner.WAITING
        assert channel.public == (["It costs little."] if arrived else ["[handoff_public/en]"])

    async def test_the_rule_is_asked_again_at_the_last_moment(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        await world.write("thanks")
        channel.rule(PUBLIC, automatic_replies=1, automatic_source="https://v/automatic")
        await world.deliver()
        assert channel.public == ["It costs little."]
        await refused(world, "one_automatic_reply", "person", "https://v/automatic")

    async def test_a_person_may_answer_as_often_as_they_like(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, automatic_replies=1, automatic_source="https://v/automatic")
        await world.post(FEE)
        await taken(world)
        for number in range(3):
            await world.desk.reply(KEY, DINA, f"more {number}", f"c{number}", surface=PUBLIC)
        await world.deliver()
        assert channel.public[-3:] == ["more 0", "more 1", "more 2"]


class TestDraftsOnly:
    @pytest.fixture(autouse=True)
    def rules(self, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, drafts_only=True, drafts_source="https://v/drafts")

    async def test_the_answer_is_a_draft_and_a_person_posts_it(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        await world.deliver()
        assert channel.calls == []
        conversation = await world.conversation()
        assert conversation.draft == "It costs little."
        assert await world.moves() == [("bot", "waiting", "draft")]
        assert [line.text for line in await world.lines() if line.kind == "draft"] == ["It costs little."]
        await taken(world)
        await world.desk.reply(KEY, DINA, conversation.draft, "c1")
        await world.deliver()
        assert channel.public == ["It costs little."]
        assert (await world.conversation()).draft == ""

    @pytest.mark.parametrize("asked", [PERSON, PERSONAL, "nothing comes of this"])
    async def test_no_notice_either(self, world: World, channel: SocialChannel, asked: str) -> None:
        world.dialogue.script["nothing comes of this"] = Turn()
        await world.post(asked)
        world.clock.forward(3600)
        await world.work()
        await world.deliver()
        assert channel.calls == []
        assert (await world.conversation()).owner is Owner.WAITING

    async def test_a_personal_answer_is_kept_and_its_draft_invites(self, world: World, channel: SocialChannel) -> None:
        await world.post(PERSONAL)
        conversation = await world.conversation()
        assert conversation.draft == "[invite_private/en]"
        assert conversation.held == ("Parcel AR-1234 is packed.",)

    async def test_an_unasked_stop_is_not_confirmed_but_kept(self, world: World, channel: SocialChannel) -> None:
        await world.post("stop")
        await world.deliver()
        assert channel.calls == []
        assert (await world.conversation()).opted_out

    async def test_the_rule_is_asked_again_at_the_last_moment(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, drafts_only=False)
        await world.post(FEE)
        channel.rule(PUBLIC, drafts_only=True)
        await world.deliver()
        assert channel.calls == []
        await refused(world, "drafts_only", "person", "https://v/drafts")

    async def test_elsewhere_it_is_simply_said(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, drafts_only=False)
        await world.post(FEE)
        await world.deliver()
        assert channel.public == ["It costs little."]


class TestDisclosure:
    @pytest.fixture(autouse=True)
    def words(self, world: World) -> None:
        world.notices.words["disclosure"] = "Assistant:"
        two = (Utterance(text="one"), Utterance(text="two"))
        world.dialogue.script["twice"] = Turn(utterances=two)

    async def test_the_first_automatic_words_say_who_writes(self, world: World, channel: SocialChannel) -> None:
        await world.write("twice")
        await world.write("hi")
        await world.deliver()
        assert channel.private == ["Assistant: one", "two", "echo: hi"]

    async def test_in_public_as_well_and_once_for_both(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        await world.write("hi")
        await world.deliver()
        assert (channel.public, channel.private) == (["Assistant: It costs little."], ["echo: hi"])

    async def test_a_person_needs_none(self, world: World, channel: SocialChannel) -> None:
        await world.receive(world.event(HumanEcho, external_id="h1", text="Hello", author="Rani"))
        await world.work()
        await world.write("hi")
        assert await world.texts() == []

    async def test_nothing_goes_undisclosed_when_the_words_that_told_were_never_said(
        self, world: World, channel: SocialChannel
    ) -> None:
        deleted = await world.post(FEE)
        await world.post("thanks")
        await world.receive(world.event(MessageDeleted, external_id=deleted, surface=PUBLIC))
        await world.work()
        await world.deliver()
        assert channel.calls == []
        refusals = {event.rule: event for event in await world.log(e.ReplyRefused)}
        assert set(refusals) == {"target_deleted", "undisclosed"}
        assert refusals["undisclosed"].next_step == "person"
        assert refusals["undisclosed"].source.startswith("https://")
        assert await world.moves() == [("bot", "waiting", "policy")]

    async def test_the_control_nobody_deleted_anything(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        await world.post("thanks")
        await world.deliver()
        assert channel.public[0] == "Assistant: It costs little."
        assert len(channel.posts) == 2

    async def test_the_next_automatic_words_tell_it_when_the_first_did_not_arrive(
        self, world: World, channel: SocialChannel
    ) -> None:
        await world.write("hi")
        channel.script = [Rejected("no")]
        await world.deliver()
        assert channel.private == ["Assistant: [handoff/en] 5"]
        assert await world.moves() == [("bot", "waiting", "send_failed")]

    async def test_nor_when_a_person_came_first(self, world: World, channel: SocialChannel) -> None:
        await world.write("twice")
        await world.desk.claim(KEY, DINA)
        await world.deliver()
        await world.desk.give_back(KEY, DINA)
        await world.write("hi")
        await world.deliver()
        assert "one" not in " ".join(channel.private)
        assert channel.private[-2:] == ["Assistant: [returned/en] Dina Lestari", "echo: hi"]


class TestOptingOut:
    @pytest.mark.parametrize(("out", "back"), [("STOP!", "start"), ("Berhenti.", "Mulai")])
    async def test_confirmed_once_then_a_person_and_in_again(
        self, world: World, channel: SocialChannel, out: str, back: str
    ) -> None:
        await world.write("hi")
        await world.deliver()
        await world.write(out, out)
        await world.deliver()
        assert channel.private == ["echo: hi", "[opted_out/en]"]
        await world.write("hello?")
        await world.deliver()
        assert channel.private == ["echo: hi", "[opted_out/en]"], "not even the handover's notice"
        assert await world.moves() == [("bot", "waiting", "opted_out")]
        assert world.dialogue.heard == ["hi"]
        await world.write(back, "hi again")
        await world.deliver()
        assert channel.private[2:] == ["[opted_in/en]", "echo: hi again"]
        assert [event.out for event in await world.log(e.OptedOut)] == [True, False]

    async def test_who_has_a_person_by_then_keeps_them(self, world: World, channel: SocialChannel) -> None:
        await world.write("stop", "hello?")
        await world.desk.claim(KEY, DINA)
        await world.write("start")
        await world.deliver()
        assert (await world.conversation()).agent_id == "dina"

    async def test_what_waits_already_is_not_said_any_more(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.write("stop")
        await world.deliver()
        assert channel.private == ["[opted_out/en]"]
        await refused(world, "opted_out", "person", None)

    async def test_a_person_still_may_write(self, world: World, channel: SocialChannel) -> None:
        await world.write("stop", "hello?")
        await world.deliver()
        await world.desk.claim(KEY, DINA)
        await world.desk.reply(KEY, DINA, "Hello", "c1")
        await world.deliver()
        assert channel.private == ["[opted_out/en]", "Hello"]

    async def test_it_counts_in_public_and_in_private(self, world: World, channel: SocialChannel) -> None:
        await world.post("stop")
        await world.deliver()
        assert channel.public == ["[opted_out/en]"]
        await world.post(FEE)
        await world.write("hi")
        await world.deliver()
        assert len(channel.posts) == 1

    async def test_start_means_nothing_to_who_never_stopped(self, world: World, channel: SocialChannel) -> None:
        await world.write("start")
        await world.deliver()
        assert channel.private == ["echo: start"]


class TestAnotherApp:
    async def test_it_has_the_thread_and_we_are_silent(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.receive(world.event(ControlPassed, to_us=False, app="Page Inbox"))
        await world.work()
        await world.receive(world.message("and now?", standby=True))
        await world.work()
        await world.deliver()
        assert channel.calls == []
        [event] = await world.log(e.ReplyRefused)
        assert (event.rule, event.next_step) == ("owned_elsewhere", "take_thread")
        assert event.source.startswith("https://")

    async def test_our_own_people_neither(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await taken(world)
        said = len(channel.calls)
        await world.receive(world.event(ControlPassed, to_us=False, app="Page Inbox"))
        await world.work()
        assert (await world.conversation()).agent_id == "dina", "who had it keeps it"
        await denied(world.desk.reply(KEY, DINA, "Hello", "c1"), "owned_elsewhere", "take_thread", None)
        await world.receive(world.event(ControlPassed, to_us=True))
        await world.work()
        await world.desk.reply(KEY, DINA, "Hello", "c2")
        await world.deliver()
        assert channel.calls[said:] == ["Hello"]

    async def test_standby_is_read_along_and_never_answered(self, world: World, channel: SocialChannel) -> None:
        await world.receive(world.message("hi", standby=True))
        await world.work()
        await world.deliver()
        assert channel.calls == []
        assert [line.text for line in await world.lines() if line.author == "customer"] == ["hi"]
        assert world.dialogue.heard == []

    async def test_a_standby_message_does_not_open_what_was_closed(self, world: World) -> None:
        await world.write("hi")
        await taken(world)
        await world.desk.close(KEY, DINA)
        await world.receive(world.message("thanks", standby=True))
        await world.work()
        assert (await world.conversation()).owner is Owner.CLOSED

    async def test_given_back_the_assistant_answers_again(self, world: World, channel: SocialChannel) -> None:
        await world.receive(
            world.event(ControlPassed, to_us=False, app="Page Inbox"), world.event(ControlPassed, to_us=True)
        )
        await world.work()
        await world.write("hi")
        await world.deliver()
        assert channel.calls == ["echo: hi"]

    @pytest.mark.parametrize("told_by", ["control", "standby"])
    async def test_an_ordinary_message_shows_that_we_have_it_again(
        self, world: World, channel: SocialChannel, told_by: str
    ) -> None:
        """A control event may get lost: the customer must not be left with nobody."""
        away = {
            "control": world.event(ControlPassed, to_us=False, app="Page Inbox"),
            "standby": world.message("hi", standby=True),
        }
        await world.receive(away[told_by])
        await world.work()
        world.clock.forward(1)
        await world.write("anybody?")
        await world.deliver()
        assert channel.calls == ["echo: anybody?"]

    @pytest.mark.parametrize("since", [-30.0, 0.0, 30.0])
    async def test_what_was_written_before_it_was_taken_gives_nothing_back(
        self, world: World, channel: SocialChannel, since: float
    ) -> None:
        """Events overtake each other."""
        taken_at = world.clock.now() + timedelta(minutes=1)
        await world.receive(world.event(ControlPassed, to_us=False, app="Page Inbox", at=taken_at))
        await world.receive(world.message("hi", at=taken_at + timedelta(seconds=since)))
        world.clock.forward(120)
        await world.work()
        await world.deliver()
        conversation = await world.conversation()
        if since > 0:
            assert (conversation.owner, conversation.elsewhere, channel.calls) == (Owner.BOT, "", ["echo: hi"])
        else:
            assert (conversation.owner, conversation.elsewhere) == (Owner.HUMAN, "Page Inbox")
            assert channel.calls == []

    async def test_in_public_we_may_answer_all_the_same(self, world: World, channel: SocialChannel) -> None:
        await world.receive(world.message("hi", standby=True))
        await world.post(FEE)
        await world.deliver()
        assert channel.public == ["It costs little."]


class TestQuietHours:
    LATE = datetime(2026, 3, 1, 13, 50, tzinfo=UTC)  # 20:50 in Jakarta
    MORNING = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # 07:00 there

    def at(self, world: World, moment: datetime) -> None:
        world.clock.forward((moment - world.clock.now()).total_seconds())

    async def ring(self, world: World, moment: datetime) -> None:
        self.at(world, moment)
        await world.work()
        await world.deliver()

    async def test_the_word_that_nobody_came_yet_waits_for_the_morning(
        self, world: World, channel: SocialChannel
    ) -> None:
        self.at(world, self.LATE)
        await world.write(PERSON)
        await world.deliver()
        assert channel.private == ["[handoff/en] 5"]
        await self.ring(world, self.LATE + timedelta(minutes=15))
        assert len(await world.log(e.HandoffOverdue)) == 1, "the desk sees it at once"
        await self.ring(world, self.MORNING - timedelta(seconds=1))
        assert channel.private == ["[handoff/en] 5"]
        await self.ring(world, self.MORNING)
        assert channel.private[1:] == ["[still_waiting/en] 5"]
        await self.ring(world, self.MORNING + timedelta(hours=3))
        assert len(channel.private) == 2
        assert len(await world.log(e.HandoffOverdue)) == 1

    async def test_by_day_it_comes_at_once(self, world: World, channel: SocialChannel) -> None:
        await world.write(PERSON)
        await self.ring(world, world.clock.now() + timedelta(minutes=15))
        assert channel.private[1:] == ["[still_waiting/en] 5"]

    async def test_not_when_somebody_came_by_then(self, world: World, channel: SocialChannel) -> None:
        self.at(world, self.LATE)
        await world.write(PERSON)
        await self.ring(world, self.LATE + timedelta(minutes=15))
        await taken(world)
        said = len(channel.private)
        await self.ring(world, self.MORNING)
        assert len(channel.private) == said

    async def test_composed_by_day_and_late_at_the_courier_it_waits_as_well(
        self, world: World, channel: SocialChannel
    ) -> None:
        self.at(world, self.LATE - timedelta(minutes=10))
        await world.write(PERSON)
        await world.deliver()
        self.at(world, self.LATE + timedelta(minutes=5))
        await world.work()
        assert await world.texts() == ["[still_waiting/en] 5"]
        self.at(world, self.LATE + timedelta(minutes=11))  # 21:01
        await world.deliver()
        assert channel.private == ["[handoff/en] 5"]
        [event] = await world.log(e.ReplyRefused)
        assert (event.rule, event.next_step) == ("quiet_hours", "wait")
        await self.ring(world, self.MORNING)
        assert channel.private[1:] == ["[still_waiting/en] 5"]

    async def test_who_asks_at_night_is_answered_at_night(self, world: World, channel: SocialChannel) -> None:
        self.at(world, self.LATE + timedelta(hours=2))
        await world.write("hi", PERSON)
        await world.deliver()
        assert channel.private == ["echo: hi", "[handoff/en] 5"]


class TestDeleted:
    def deletion(self, world: World, external_id: str, **fields: Any) -> MessageDeleted:
        gone: MessageDeleted = world.event(MessageDeleted, external_id=external_id, surface=PUBLIC, **fields)
        return gone

    async def test_before_anybody_answered(self, world: World, channel: SocialChannel) -> None:
        comment = world.comment(FEE)
        await world.receive(comment, self.deletion(world, comment.external_id))
        await world.work()
        await world.deliver()
        assert channel.calls == []

    @pytest.mark.parametrize("known", [True, False])
    async def test_a_deletion_that_overtakes_its_comment(
        self, world: World, channel: SocialChannel, known: bool
    ) -> None:
        """Known: the platform says whose it was; else only which comment."""
        comment = world.comment(FEE)
        fields = {} if known else {"thread_id": post_thread(comment.external_id)}
        await world.receive(self.deletion(world, comment.external_id, **fields))
        await world.work()
        await world.receive(comment)
        await world.work()
        await world.deliver()
        assert channel.calls == []
        assert world.dialogue.heard == []
        assert [line.deleted for line in await world.lines() if line.author == "customer"] == [True]

    @pytest.mark.parametrize("deleted", [True, False])
    async def test_between_composing_and_sending(self, world: World, channel: SocialChannel, deleted: bool) -> None:
        comment = await world.post(FEE)
        if deleted:
            await world.receive(self.deletion(world, comment))
            await world.work()
        await world.deliver()
        assert channel.public == ([] if deleted else ["It costs little."])
        if deleted:
            await refused(world, "target_deleted", "none", silent=True)

    async def test_no_private_reply_hangs_on_it_either(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, private_reply=PRIVATE_REPLY)
        comment = await world.post(PERSONAL)
        await world.receive(self.deletion(world, comment))
        await world.work()
        await world.deliver()
        assert channel.calls == []
        assert {event.rule for event in await world.log(e.ReplyRefused)} == {"target_deleted"}

    async def test_the_others_are_answered(self, world: World, channel: SocialChannel) -> None:
        first, second = await world.post(FEE), await world.post(FEE)
        await world.receive(self.deletion(world, first))
        await world.work()
        await world.deliver()
        assert [post.reply_to for post in channel.posts] == [second]

    async def test_a_person_is_told_at_once(self, world: World, channel: SocialChannel) -> None:
        comment = await world.post(FEE)
        await taken(world)
        await world.receive(self.deletion(world, comment))
        await world.work()
        said = len(channel.posts)
        await denied(world.desk.reply(KEY, DINA, "Hello", "c1", surface=PUBLIC), "target_deleted", "none")
        await world.deliver()
        assert len(channel.posts) == said


class TestPersonalInPublic:
    async def test_the_assistants_answer_goes_elsewhere(self, world: World, channel: SocialChannel) -> None:
        world.dialogue.script[FEE] = Turn(utterances=(Utterance(text="AR-1234 costs little.", response="utter_fee"),))
        await world.post(FEE)
        await world.deliver()
        assert channel.public == ["[invite_private/en]"]
        assert channel.private == []
        assert (await world.conversation()).held == ("AR-1234 costs little.",)

    async def test_at_the_last_moment(self, world: World, channel: SocialChannel) -> None:
        """Only by what the customer wrote meanwhile does it turn out to be about them."""
        world.dialogue.script[FEE] = Turn(utterances=(Utterance(text="Lantern ships free.", response="utter_fee"),))
        world.dialogue.script["mine"] = Turn(
            utterances=(Utterance(text="Thanks.", response="utter_fee"),), slots={"ref": "lantern"}
        )
        await world.post(FEE)
        await world.post("mine")
        await world.deliver()
        assert channel.public == ["Thanks."]
        await refused(world, "personal_in_public", "private")

    @pytest.mark.parametrize("ended", ["given back", "closed"])
    @pytest.mark.parametrize("mine", [True, False])
    async def test_what_was_found_out_in_an_earlier_episode(
        self, world: World, channel: SocialChannel, ended: str, mine: bool
    ) -> None:
        world.dialogue.script[FEE] = Turn(utterances=(Utterance(text="Lantern ships free.", response="utter_fee"),))
        world.dialogue.script["mine"] = Turn(utterances=(Utterance(text="Thanks."),), slots={"ref": "lantern"})
        await world.write("mine" if mine else "hi")
        await world.desk.claim(KEY, DINA)
        await (world.desk.give_back(KEY, DINA) if ended == "given back" else world.desk.close(KEY, DINA))
        assert (await world.conversation()).owner is (Owner.BOT if ended == "given back" else Owner.CLOSED)
        await world.post(FEE)
        await world.deliver()
        assert channel.public == (["[moved_private/en]"] if mine else ["Lantern ships free."])
        assert ("Lantern ships free." in channel.private) is mine

    async def test_a_notice(self, world: World, channel: SocialChannel) -> None:
        world.notices.words["handoff_public"] = "We look at AR-1234."
        await world.post(PERSON)
        await world.deliver()
        assert channel.calls == []
        world.notices.words["handoff_public"] = "We look at it."
        await world.desk.claim(KEY, DINA)
        await world.desk.give_back(KEY, DINA)
        await world.post(PERSON)
        await world.deliver()
        assert channel.public == ["We look at it."]

    async def test_a_person(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        await taken(world)
        reply = world.desk.reply(KEY, DINA, "Parcel AR-1234 is packed.", "c1", surface=PUBLIC)
        await denied(reply, "personal_in_public", "private")
        await world.desk.reply(KEY, DINA, "Parcel is packed.", "c2", surface=PUBLIC)
        await world.write("hi")
        await world.desk.reply(KEY, DINA, "Parcel AR-1234 is packed.", "c3", surface=PRIVATE)
        await world.deliver()
        assert channel.public[-1] == "Parcel is packed."
        assert channel.private == ["Parcel AR-1234 is packed."]

    @pytest.mark.parametrize("link", ["https://m.me/100200300", "https://wa.me/6281234567890"])
    async def test_the_brands_own_address_is_not_a_customers(self, link: str) -> None:
        channel = SocialChannel()
        channel.link = link
        number = Personal("number", r"(?<!\d)\d{8,}(?!\d)")
        world = World(channel, House(personal=(number,)))
        await world.post("where is it?")
        await world.deliver()
        assert channel.public == [f"[invite_private_link/en] {link}"]
        await taken(world)
        await denied(world.desk.reply(KEY, DINA, "Is 100200301 yours?", "c1"), "personal_in_public", "private")


class TestOnePost:
    async def test_a_long_answer_goes_elsewhere_whole(self, world: World, channel: SocialChannel) -> None:
        channel.set(PUBLIC, text_limit=40)
        for text, public in (("x" * 40, True), ("x" * 41, False)):
            world.dialogue.script[FEE] = Turn(utterances=(Utterance(text=text, response="utter_fee"),))
            await world.post(FEE)
            await world.deliver()
            assert (text in channel.public) is public
        assert all(len(text) <= 40 for text in channel.public)

    async def test_a_persons_is_refused_by_the_platforms_own_counting(
        self, world: World, channel: SocialChannel
    ) -> None:
        channel.set(PUBLIC, text_limit=20, measure=lambda text: len(text.encode()), unit="bytes")
        await world.post(FEE)
        await world.desk.claim(KEY, DINA)
        reply = world.desk.reply(KEY, DINA, "é" * 11, "c1", surface=PUBLIC)
        await denied(reply, "too_long", "shorten")
        await world.desk.reply(KEY, DINA, "é" * 10, "c2", surface=PUBLIC)
        await world.deliver()
        assert channel.public == ["é" * 10]

    async def test_at_the_last_moment(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        channel.set(PUBLIC, text_limit=10)
        await world.deliver()
        assert channel.public == []
        await refused(world, "too_long", "shorten")


class TestNowhere:
    async def test_a_surface_that_the_channel_has_no_more(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        del channel.able[PUBLIC]
        await world.deliver()
        assert channel.calls == []
        await refused(world, "no_such_surface", "person")

    async def test_a_person_cannot_post_where_nobody_wrote(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await taken(world)
        reply = world.desk.reply(KEY, DINA, "Hello", "c1", surface=PUBLIC)
        await denied(reply, "no_public_thread", "private")
        await world.post(FEE)
        await world.desk.reply(KEY, DINA, "Hello", "c2", surface=PUBLIC)
        await world.deliver()
        assert channel.public == ["Hello"]


async def test_a_refused_notice_needs_nobody(world: World, channel: SocialChannel) -> None:
    """A person is coming anyway, or the customer learns it from their answer."""
    await world.write(PERSON)
    [notice] = await world.queued()
    assert notice.sender is Sender.NOTICE
    channel.rule(PRIVATE, drafts_only=True)
    await world.deliver()
    assert channel.calls == []
    assert await world.moves() == [("bot", "waiting", "customer_asked")]


async def test_a_closed_case_comes_back_when_the_last_words_were_refused(world: World, channel: SocialChannel) -> None:
    await world.write("hi")
    await taken(world)
    await world.desk.reply(KEY, DINA, "Done, bye", "c1")
    await world.desk.close(KEY, DINA)
    channel.rule(PRIVATE, window=timedelta(days=1))
    world.clock.forward(DAY + 1)
    await world.deliver()
    assert (await world.moves())[-1] == ("closed", "waiting", "policy")
