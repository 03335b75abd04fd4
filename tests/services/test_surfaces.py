"""Public and private as one case: what is said where, how the two find together, and how public threads end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core import events as e
from bot.core.conversation import HELD_KEPT, Owner
from bot.core.house import House, Personal
from bot.core.ports import WEBHOOK, HandoffRequest, Turn, Utterance
from bot.services.deliver import ASK_AGAIN_S
from channels.capabilities import PrivateReply
from channels.errors import Ambiguous
from channels.messages import (
    AccessRevoked,
    Customer,
    HumanEcho,
    MessageDeleted,
    MessageEdited,
    OwnEcho,
    Surface,
    Unsupported,
    post_thread,
)
from tests.services.world import ANI, DINA, KEY, AnswerLost, SocialChannel, World

PUBLIC, PRIVATE = Surface.PUBLIC, Surface.PRIVATE
HOUSE = House(
    public_responses=frozenset({"utter_fee", "utter_ask", "utter_thanks"}),
    solving_responses=frozenset({"utter_thanks"}),
    personal=(Personal("reference", r"\bAR-\d{4}\b"),), personal_slots=frozenset({"ref"}),
)  # fmt: skip
FEE, PERSONAL, PERSON = "what does it cost?", "where is my parcel?", "a person please"
PACKED = "Parcel AR-1234 is packed."
ALIAS = Customer(external_id="psid-9", name="Ani")  # the same customer, as the platform's private side names her


@pytest.fixture
def channel() -> SocialChannel:
    return SocialChannel()


@pytest.fixture
def world(channel: SocialChannel) -> World:
    world = World(channel, HOUSE)
    choices = (("Card", "/card"), ("Loan", "/loan"))
    world.dialogue.script = {
        FEE: Turn(utterances=(Utterance(text="It costs little.", response="utter_fee"),)),
        PERSONAL: Turn(utterances=(Utterance(text=PACKED, response="utter_parcel"),)),
        PERSON: Turn(handoff=HandoffRequest(reason="customer_asked")),
        "thanks": Turn(utterances=(Utterance(text="Welcome!", response="utter_thanks"),)),
        "which?": Turn(utterances=(Utterance(text="Which one?", response="utter_ask", buttons=choices),)),
    }
    return world


@pytest.fixture
def private_reply(channel: SocialChannel) -> None:
    channel.rule(PUBLIC, private_reply=PrivateReply(within=timedelta(days=7), source="https://v/p"))


class TestWhereAnAnswerGoes:
    async def test_what_is_for_everybody_under_the_comment_itself(self, world: World, channel: SocialChannel) -> None:
        comment = await world.post(FEE, root="r1", post="p1")
        await world.deliver()
        [post] = channel.posts
        assert (post.surface, post.text, post.reply_to) == (PUBLIC, "It costs little.", comment)
        [reply] = await world.log(e.ReplyComposed)
        assert reply.surface is PUBLIC

    async def test_several_utterances_are_one_post(self, world: World, channel: SocialChannel) -> None:
        two = tuple(Utterance(text=text, response="utter_fee") for text in ("It costs little.", "Every day."))
        world.dialogue.script[FEE] = Turn(utterances=two)
        channel.set(PUBLIC, parts=1)
        await world.post(FEE)
        [message] = await world.queued()
        assert message.text == "It costs little.\n\nEvery day."

    async def test_first_aid_stands_before_the_person_who_comes(self, world: World, channel: SocialChannel) -> None:
        help_now = Utterance(text="Freeze the card in the app.", response="utter_fee")
        world.dialogue.script[FEE] = Turn(utterances=(help_now,), handoff=HandoffRequest(reason="urgent"))
        channel.set(PUBLIC, parts=1)
        await world.post(FEE)
        assert [message.text for message in await world.queued()] == [
            "Freeze the card in the app.\n\n[handoff_soon/en]"
        ]
        assert (await world.conversation()).owner is Owner.WAITING

    async def test_help_that_is_not_for_everybody_gives_way_to_the_handover(
        self, world: World, channel: SocialChannel
    ) -> None:
        private = Utterance(text=PACKED, response="utter_parcel")
        world.dialogue.script[FEE] = Turn(utterances=(private,), handoff=HandoffRequest(reason="urgent"))
        await world.post(FEE)
        await world.deliver()
        assert channel.public == ["[handoff_public/en]"]

    @pytest.mark.parametrize("response", ["utter_parcel", ""])
    async def test_what_nobody_marked_as_public_is_not(
        self, world: World, channel: SocialChannel, response: str
    ) -> None:
        world.dialogue.script[FEE] = Turn(utterances=(Utterance(text="Nothing personal.", response=response),))
        await world.post(FEE)
        await world.deliver()
        assert channel.public == ["[invite_private/en]"]

    @pytest.mark.usefixtures("private_reply")
    async def test_a_personal_answer_goes_in_private_and_the_thread_hears_only_that(
        self, world: World, channel: SocialChannel
    ) -> None:
        comment = await world.post(PERSONAL)
        await world.deliver()
        public, private = channel.posts
        assert (public.surface, public.text, public.reply_to) == (PUBLIC, "[moved_private/en]", comment)
        assert (private.surface, private.text, private.entry, private.to) == (PRIVATE, PACKED, comment, "")

    async def test_who_wrote_in_private_before_is_answered_in_that_thread(
        self, world: World, channel: SocialChannel
    ) -> None:
        await world.write("hi")
        await world.post(PERSONAL)
        await world.deliver()
        private = [post for post in channel.posts if post.surface is PRIVATE]
        assert [(post.text, post.to, post.entry) for post in private] == [("echo: hi", "7", ""), (PACKED, "7", "")]
        assert channel.public == ["[moved_private/en]"]

    @pytest.mark.usefixtures("private_reply")
    async def test_who_wrote_too_long_ago_gets_a_private_reply(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PRIVATE, window=timedelta(days=1))
        await world.write("hi")
        await world.deliver()
        world.clock.forward(2 * 86_400)
        comment = await world.post(PERSONAL)
        await world.deliver()
        assert (channel.posts[-1].text, channel.posts[-1].entry) == (PACKED, comment)

    @pytest.mark.parametrize("link", ["", "https://ig.me/m/arunika"])
    async def test_else_the_customer_is_invited_and_the_answer_waits(
        self, world: World, channel: SocialChannel, link: str
    ) -> None:
        channel.link = link
        await world.post(PERSONAL)
        await world.deliver()
        assert channel.public == [f"[invite_private_link/en] {link}" if link else "[invite_private/en]"]
        assert channel.private == []
        assert [line.text for line in await world.lines() if line.kind == "held"] == [PACKED]
        await world.write("here I am")
        await world.deliver()
        assert channel.private == [PACKED, "echo: here I am"]
        await world.write("and?")
        await world.deliver()
        assert channel.private.count(PACKED) == 1

    @pytest.mark.parametrize("unwelcome", [{"links": False}, {"text_limit": 40}])
    async def test_no_link_where_links_are_unwelcome_or_do_not_fit(
        self, world: World, channel: SocialChannel, unwelcome: dict[str, Any]
    ) -> None:
        channel.set(PUBLIC, **unwelcome)
        channel.link = "https://ig.me/m/arunika-bank-indonesia"
        world.notices.words["invite_private"] = "Please write to us."
        await world.post(PERSONAL)
        await world.deliver()
        assert channel.public == ["Please write to us."]

    @pytest.mark.usefixtures("private_reply")
    @pytest.mark.parametrize("takes_one", [True, False])
    async def test_not_every_public_message_takes_a_private_reply(
        self, world: World, channel: SocialChannel, takes_one: bool
    ) -> None:
        await world.post(PERSONAL, private_reply=takes_one)
        await world.deliver()
        assert channel.public == ["[moved_private/en]" if takes_one else "[invite_private/en]"]
        assert channel.private == ([PACKED] if takes_one else [])

    @pytest.mark.usefixtures("private_reply")
    async def test_a_private_reply_is_one_message_and_the_rest_waits(
        self, world: World, channel: SocialChannel
    ) -> None:
        channel.set(PRIVATE, text_limit=60)
        parts = tuple(Utterance(text=f"Part {n}: {'x' * 40}", response="utter_parcel") for n in (1, 2, 3))
        world.dialogue.script[PERSONAL] = Turn(utterances=parts)
        await world.post(PERSONAL)
        await world.deliver()
        assert len(channel.private) == 1
        await world.write("hi")
        await world.deliver()
        said = " ".join(channel.private)
        assert [said.count(f"Part {n}:") for n in (1, 2, 3)] == [1, 1, 1]

    @pytest.mark.usefixtures("private_reply")
    async def test_the_disclosure_fits_into_a_private_reply_as_well(self, world: World, channel: SocialChannel) -> None:
        world.notices.words |= {"disclosure": "Assistant:", "moved_private": "AR-1234"}  # nothing can be said in public
        channel.set(PRIVATE, text_limit=60)
        world.dialogue.script[PERSONAL] = Turn(utterances=(Utterance(text="y" * 55, response="utter_parcel"),))
        await world.post(PERSONAL)
        await world.deliver()
        assert channel.public == []
        [first] = channel.private
        assert first.startswith("Assistant: y")
        assert len(first) <= 60

    async def test_nothing_to_say_hands_over(self, world: World, channel: SocialChannel) -> None:
        world.dialogue.script["?"] = Turn()
        await world.post("?")
        await world.deliver()
        assert channel.public == ["[handoff_public/en]"]
        assert await world.moves() == [("bot", "waiting", "assistant_failed")]

    @pytest.mark.parametrize("summoned", [True, False])
    async def test_who_did_not_call_the_brand_is_not_written_to_in_private_either(
        self, world: World, channel: SocialChannel, summoned: bool
    ) -> None:
        """Neither with the answer, nor when nobody came in time, nor when somebody came."""
        channel.rule(PUBLIC, summoned_only=True)
        await world.write("hi")
        await world.post(PERSONAL, summoned=summoned)
        await world.deliver()
        if summoned:
            assert (channel.public, channel.private) == (["[moved_private/en]"], ["echo: hi", PACKED])
            return
        assert await world.moves() == [("bot", "waiting", "policy")]
        assert (await world.conversation()).handoff.detail == "not_summoned"  # type: ignore[union-attr]
        world.clock.forward(15 * 60)
        await world.work()
        await world.desk.claim(KEY, DINA)
        await world.desk.give_back(KEY, DINA)
        await world.deliver()
        assert (channel.public, channel.private) == ([], ["echo: hi"])
        await world.write("and now?")
        await world.deliver()
        assert channel.private == ["echo: hi", "echo: and now?"]

    async def test_with_nothing_to_say_in_public_and_no_private_thread_a_person_looks(
        self, world: World, channel: SocialChannel
    ) -> None:
        for number, (words, public) in enumerate(((PACKED, []), ("Write to us.", ["Write to us."]))):
            world.notices.words["invite_private"] = words
            await world.post(PERSONAL, thread_id=f"c{number}")
            await world.deliver()
            assert channel.public == public
        assert channel.private == []
        silenced, invited = await world.conversation("fake:c0"), await world.conversation("fake:c1")
        assert (silenced.owner, invited.owner) == (Owner.WAITING, Owner.BOT)
        assert silenced.handoff is not None
        assert silenced.handoff.reason == "policy"
        held = [event.text for event in await world.store.log("fake:c0") if isinstance(event, e.AnswerHeld)]
        assert held == [PACKED], "the person sees what could not be said"

    async def test_a_long_answer_that_waits_is_said_whole(self, world: World, channel: SocialChannel) -> None:
        parts = [f"Part {number} of AR-1234." for number in range(HELD_KEPT + 3)]
        utterances = tuple(Utterance(text=text, response="utter_parcel") for text in parts)
        world.dialogue.script[PERSONAL] = Turn(utterances=utterances)
        await world.post(PERSONAL)
        await world.deliver()
        assert (channel.public, channel.private) == (["[invite_private/en]"], [])
        await world.write("hi")
        await world.deliver()
        assert channel.private == [*parts, "echo: hi"]


class TestHandingOver:
    @pytest.mark.parametrize("agents", [0, 2])
    async def test_in_public_once_and_without_minutes(self, world: World, channel: SocialChannel, agents: int) -> None:
        world.store.agents_present = agents
        await world.post(PERSON)
        await world.post("hello?")
        await world.deliver()
        assert channel.public == ["[handoff_public/en]"]
        assert channel.private == []

    async def test_nobody_is_told_in_public_that_it_takes_long(self, world: World, channel: SocialChannel) -> None:
        await world.post(PERSON)
        world.clock.forward(15 * 60)
        await world.work()
        await world.deliver()
        assert len(await world.log(e.HandoffOverdue)) == 1
        assert channel.posts[1:] == []

    async def test_but_in_private_where_that_is_open(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await world.post(PERSON)
        world.clock.forward(15 * 60)
        await world.work()
        await world.deliver()
        assert channel.private[1:] == ["[still_waiting/en] 5"]

    async def test_a_public_notice_that_may_be_lost_is_not_said_again(
        self, world: World, channel: SocialChannel
    ) -> None:
        await world.post(PERSON)
        channel.script = [Ambiguous("timed out")]
        await world.deliver()
        assert channel.calls == ["[handoff_public/en]"]
        assert await world.statuses() == [("[handoff_public/en]", "unconfirmed")]

    async def test_who_came_is_told_in_private_only(self, world: World, channel: SocialChannel) -> None:
        await world.post(PERSON)
        await world.deliver()
        await world.desk.claim(KEY, DINA)
        await world.deliver()
        assert channel.public == ["[handoff_public/en]"]
        assert channel.private == []
        await world.write("hi")
        await world.post("hello?")
        await world.desk.give_back(KEY, DINA)
        await world.deliver()
        assert channel.private == [f"[returned/en] {DINA.name}"]

    async def test_an_agent_answers_where_the_customer_wrote_last_or_where_they_say(
        self, world: World, channel: SocialChannel
    ) -> None:
        await world.write("hi")
        comment = await world.post(FEE)
        await world.desk.claim(KEY, DINA)
        await world.desk.reply(KEY, DINA, "for all", "c1")
        await world.desk.reply(KEY, DINA, "for you", "c2", surface=PRIVATE)
        await world.deliver()
        said = {post.text: post for post in channel.posts}
        assert (said["for all"].surface, said["for all"].reply_to) == (PUBLIC, comment)
        assert (said["for you"].surface, said["for you"].to) == (PRIVATE, "7")


class TestOneCase:
    async def test_comment_and_direct_message_are_one_conversation(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        await world.write("hi")
        conversation = await world.conversation()
        assert conversation.surface is PRIVATE
        assert [line.text for line in await world.lines() if line.author == "customer"] == [FEE, "hi"]
        assert world.dialogue.remembered == [b"", FEE.encode() + b"|"], "and one memory"

    @pytest.mark.usefixtures("private_reply")
    async def test_also_when_the_private_side_names_the_customer_otherwise(
        self, world: World, channel: SocialChannel
    ) -> None:
        """The answer to the private reply tells the other id."""
        channel.address = ALIAS.external_id
        await world.post(PERSONAL)
        await world.deliver()
        await world.receive(world.message("thank you so much", thread_id=ALIAS.external_id, customer=ALIAS))
        await world.work()
        await world.deliver()
        assert channel.posts[-1].text == "echo: thank you so much"
        assert channel.posts[-1].to == ALIAS.external_id
        assert (await world.store.load(f"fake:{ALIAS.external_id}")).conversation is None
        comment = await world.post(FEE)
        await world.deliver()
        assert (channel.posts[-1].text, channel.posts[-1].reply_to) == ("It costs little.", comment)

    @pytest.mark.usefixtures("private_reply")
    async def test_also_when_only_the_echo_of_the_private_reply_tells_the_other_name(
        self, world: World, channel: SocialChannel
    ) -> None:
        channel.set(PRIVATE, echoes=True)
        world.notices.words["moved_private"] = "AR-1234"  # nothing can be said in public
        await world.post(PERSONAL)
        [reply] = await world.queued()
        channel.script = [AnswerLost(Ambiguous("timed out"))]
        await world.deliver()
        tag = f"{reply.message_id}/0"
        await world.receive(
            world.event(
                OwnEcho, thread_id=ALIAS.external_id, customer=ALIAS, external_id="p1", text=PACKED, message_id=tag
            )
        )
        await world.receive(world.message("thank you so much", thread_id=ALIAS.external_id, customer=ALIAS))
        await world.work()
        world.clock.forward(ASK_AGAIN_S)
        await world.deliver()
        assert channel.private == [PACKED, "echo: thank you so much"]
        assert await world.statuses() == [(PACKED, "sent"), ("echo: thank you so much", "sent")]
        assert (await world.store.load(f"fake:{ALIAS.external_id}")).conversation is None

    async def test_a_tag_that_is_not_ours_joins_nobody(self, world: World) -> None:
        await world.write("hi")
        stranger = {"thread_id": "8", "customer": Customer(external_id="8"), "external_id": "p1"}
        await world.receive(world.event(OwnEcho, message_id="of-another-app/0", **stranger))
        await world.receive(world.message("hello", thread_id="8"))
        await world.work()
        assert (await world.conversation("fake:8")).key == "fake:8"

    async def test_ids_that_come_together_belong_together(self, world: World) -> None:
        await world.receive(world.message("hi", thread_id="0812", customer=ANI))
        await world.work()
        await world.receive(world.message("hi again", thread_id="bsuid.1", customer=ANI, also=("0812",)))
        await world.receive(world.message("only the new one", thread_id="bsuid.1", customer=ANI))
        await world.receive(world.message("only the old one", thread_id="0812", customer=ANI))
        await world.work()
        assert (await world.store.load("fake:bsuid.1")).conversation is None
        written = [event for event in await world.store.log("fake:0812") if isinstance(event, e.CustomerWrote)]
        assert len(written) == 4

    async def test_an_alias_finds_a_conversation_from_before_aliases_were_learned(self, world: World) -> None:
        await world.write("hi")
        await world.receive(world.message("hi again", thread_id="new", also=("7",)))
        await world.work()
        assert [line.text for line in await world.lines() if line.author == "customer"] == ["hi", "hi again"]

    async def test_within_one_batch(self, world: World) -> None:
        first = world.message("one", thread_id="a", also=("b",))
        await world.receive(first, world.message("two", thread_id="b"))
        await world.work()
        written = [event for event in await world.store.log("fake:a") if isinstance(event, e.CustomerWrote)]
        assert [event.text for event in written] == ["one", "two"]

    @pytest.mark.parametrize("number_first", [True, False])
    async def test_a_number_that_changed_hands_leads_to_nobody_elses_case(
        self, world: World, number_first: bool
    ) -> None:
        """As on WhatsApp: an id that stays with its user, and a telephone number that does not."""
        if number_first:
            await world.receive(world.message("zero", thread_id="0812"))
            await world.work()
        await world.receive(world.message("one", thread_id="A", also=("0812",)))
        await world.receive(world.message("two", thread_id="Z", also=("0812",)))
        await world.receive(world.message("three", thread_id="0812"))
        await world.receive(world.message("four", thread_id="A"))
        await world.receive(world.message("five", thread_id="Z", also=("0812",)))
        await world.work()
        first = "fake:0812" if number_first else "fake:A"
        assert await self.heard(world, first) == (["zero", "one", "four"] if number_first else ["one", "four"])
        assert await self.heard(world, "fake:Z") == ["two", "three", "five"], "who has the number now"

    async def test_a_number_first_and_then_its_users_id_are_one(self, world: World) -> None:
        await world.receive(world.message("one", thread_id="0812"))
        await world.work()
        await world.receive(world.message("two", thread_id="A", also=("0812",)))
        await world.receive(world.message("three", thread_id="A", also=("0899",)))  # a new number, the same user
        await world.work()
        assert await self.heard(world, "fake:0812") == ["one", "two", "three"]

    @pytest.mark.parametrize("first", [{"thread_id": "A", "also": ("0812",)}, {"thread_id": "0812"}])
    async def test_who_was_renamed_keeps_the_case(self, world: World, first: dict[str, Any]) -> None:
        """The platform says so itself, in an event that says nothing else."""
        await world.receive(world.message("one", **first))
        await world.work()
        await world.receive(world.event(Unsupported, thread_id="B", also=("A", "0812"), kind="user_id_update"))
        await world.receive(world.message("two", thread_id="B", also=("0812",)))
        await world.work()
        assert await self.heard(world, f"fake:{first['thread_id']}") == ["one", "two"]

    async def heard(self, world: World, key: str) -> list[str]:
        return [event.text for event in await world.store.log(key) if isinstance(event, e.CustomerWrote)]

    async def test_two_strangers_stay_two(self, world: World) -> None:
        await world.receive(world.message("hi", thread_id="1"), world.message("hi", thread_id="2"))
        await world.work()
        assert (await world.conversation("fake:1")).key != (await world.conversation("fake:2")).key


class TestFoundByItsPost:
    """What does not say whose case it is, is found by the public message that it hangs on."""

    async def test_a_persons_answer_in_the_platforms_app(self, world: World) -> None:
        comment = await world.post(FEE)
        await world.receive(
            world.event(
                HumanEcho, thread_id=post_thread(comment), customer=Customer(external_id=post_thread(comment)),
                surface=PUBLIC, external_id="h1", text="I'll see to it", author="Rani",
            )
        )  # fmt: skip
        await world.work()
        conversation = await world.conversation()
        assert (conversation.owner, conversation.agent_name) == (Owner.HUMAN, "Rani")
        assert [line.surface for line in await world.lines() if line.author == "agent"] == ["public"]

    async def test_an_edit_and_a_deletion(self, world: World) -> None:
        comment = await world.post(FEE)
        where = {"thread_id": post_thread(comment), "surface": PUBLIC, "external_id": comment}
        await world.receive(world.event(MessageEdited, text="how much?", **where))
        await world.receive(world.event(MessageDeleted, **where))
        await world.work()
        [line] = [line for line in await world.lines() if line.author == "customer"]
        assert (line.text, line.earlier, line.deleted) == ("how much?", (FEE,), True)

    async def test_what_belongs_to_nobody_is_let_go(self, world: World) -> None:
        nobodys = post_thread("unknown")
        given = {"thread_id": nobodys, "surface": PUBLIC, "external_id": "x"}
        assert await world.intake.accept([world.event(HumanEcho, **given), world.event(MessageDeleted, **given)]) == 0
        assert (await world.inbound.depth()).messages == 0
        assert (await world.store.load(f"fake:{nobodys}")).conversation is None

    async def test_a_deletion_before_its_comment_in_one_batch(self, world: World, channel: SocialChannel) -> None:
        comment = world.comment(FEE)
        gone = world.event(
            MessageDeleted, thread_id=post_thread(comment.external_id), surface=PUBLIC,
            external_id=comment.external_id,
        )  # fmt: skip
        await world.receive(gone, comment, world.comment("which?"))
        await world.work()
        await world.deliver()
        assert channel.public == ["Which one?\n\n1. Card\n2. Loan".split("\n\n")[0], "1. Card\n2. Loan"]

    async def test_of_another_channel_is_another(self, world: World) -> None:
        comment = await world.post(FEE)
        echo = world.event(HumanEcho, channel="other", thread_id=post_thread(comment), external_id="h", text="hi")
        assert await world.intake.accept([echo]) == 0


class TestReceiving:
    async def test_withdrawn_access_stops_the_channel_and_is_nobodys_case(self, world: World) -> None:
        revoked = world.event(AccessRevoked, thread_id="account", detail="The page removed the app.")
        assert await world.intake.accept([revoked, world.message("hi")]) == 1
        state = await world.states.read("fake", world.clock.now())
        assert state.stopped == "The page removed the app."
        assert (await world.store.load("fake:account")).conversation is None

    async def test_and_is_always_explained(self, world: World) -> None:
        await world.intake.accept([world.event(AccessRevoked, thread_id="account")])
        assert (await world.states.read("fake", world.clock.now())).stopped

    async def test_it_runs_again_with_the_first_message_that_goes_out(self, world: World) -> None:
        await world.intake.accept([world.event(AccessRevoked, thread_id="account")])
        await world.write("hi")
        await world.deliver()
        assert (await world.states.read("fake", world.clock.now())).stopped == ""

    async def test_what_could_not_be_read_is_kept_aside_whole_and_what_is_unknown_is_not(self, world: World) -> None:
        broken = world.event(Unsupported, thread_id=post_thread("x"), kind="text is a list", raw='{"a": "ü"}')
        unknown = world.event(Unsupported, kind="like")
        assert await world.intake.accept([broken, unknown, world.message("hi")]) == 1
        [kept] = await world.dead.list()
        assert (kept.mailbox, kept.key, kept.body, kept.error) == (
            WEBHOOK, "fake", '{"a": "ü"}'.encode(), "text is a list",
        )  # fmt: skip

    async def test_the_same_batch_again_changes_nothing(self, world: World, channel: SocialChannel) -> None:
        comment = world.comment(FEE)
        gone = world.event(
            MessageDeleted, thread_id=post_thread(comment.external_id), surface=PUBLIC,
            external_id=comment.external_id,
        )  # fmt: skip
        first = await world.intake.accept([gone, comment])
        assert first > 0
        assert await world.intake.accept([gone, comment]) <= 1, "the deletion by itself, now that its case is known"
        await world.work()
        await world.deliver()
        assert channel.calls == []


class TestSolved:
    async def threads(self, world: World) -> list[bool]:
        return [thread.solved for thread in (await world.conversation()).public]

    async def test_solved_in_private_every_open_thread_is_closed_once(
        self, world: World, channel: SocialChannel
    ) -> None:
        first = await world.post(FEE, root="r1")
        second = await world.post(FEE, root="r2")
        await world.write("thanks")
        await world.deliver()
        closing = [post for post in channel.posts if post.text == "[solved_public/en]"]
        assert sorted(post.reply_to for post in closing) == sorted([first, second])
        assert await self.threads(world) == [True, True]
        [solved] = await world.log(e.ThreadSolved)
        assert sorted(solved.roots) == ["r1", "r2"]
        await world.write("thanks")
        await world.deliver()
        assert channel.public.count("[solved_public/en]") == 2

    async def test_solved_in_public_the_answer_itself_says_so(self, world: World, channel: SocialChannel) -> None:
        await world.post("thanks")
        await world.deliver()
        assert channel.public == ["Welcome!"]
        assert await self.threads(world) == [True]

    async def test_the_customer_opens_it_again(self, world: World, channel: SocialChannel) -> None:
        await world.post("thanks", root="r1")
        again = await world.post(FEE, root="r1")
        assert await self.threads(world) == [False]
        await world.write("thanks")
        await world.deliver()
        assert [post.reply_to for post in channel.posts if post.text == "[solved_public/en]"] == [again]

    async def test_an_agent_who_closes_closes_it_in_their_name(self, world: World, channel: SocialChannel) -> None:
        channel.rule(PUBLIC, automatic_replies=1)
        comment = await world.post(FEE)
        await world.deliver()
        await world.desk.claim(KEY, DINA)
        await world.desk.close(KEY, DINA)
        await world.deliver()
        assert [(post.text, post.reply_to) for post in channel.posts[1:]] == [("[solved_public/en]", comment)]
        [closing] = [line for line in await world.lines() if line.text == "[solved_public/en]"]
        assert (closing.author, closing.name) == ("agent", DINA.name)
        assert await self.threads(world) == [True]

    async def test_where_no_program_may_it_stays_open_for_a_person(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        channel.rule(PUBLIC, drafts_only=True)
        await world.write("thanks")
        assert await self.threads(world) == [False]

    async def test_a_handover_does_not_close_anything(self, world: World, channel: SocialChannel) -> None:
        await world.post(FEE)
        world.dialogue.script["bah"] = Turn(
            utterances=(Utterance(text="Welcome!", response="utter_thanks"),),
            handoff=HandoffRequest(reason="complaint"),
        )
        await world.write("bah")
        assert await self.threads(world) == [False]


class TestChoices:
    async def test_in_public_they_are_numbered_and_a_typed_number_picks_one(
        self, world: World, channel: SocialChannel
    ) -> None:
        await world.post("which?")
        [message] = await world.queued()
        assert message.text == "Which one?\n\n1. Card\n2. Loan"
        assert message.buttons == ()
        await world.post("2.")
        assert world.dialogue.heard[-1] == "/loan"

    @pytest.mark.parametrize(
        ("typed", "heard"),
        [("1", "/card"), (" 2) ", "/loan"), ("٢", "/loan"), ("3", "3"), ("0", "0"), ("02", "/loan"), ("1 2", "1 2")],
    )
    async def test_in_private_as_well(self, world: World, typed: str, heard: str) -> None:
        await world.write("which?", typed)
        assert world.dialogue.heard[-1] == heard

    async def test_a_choice_offered_in_public_can_be_typed_in_private(self, world: World) -> None:
        await world.post("which?")
        await world.write("1")
        assert world.dialogue.heard[-1] == "/card"

    async def test_only_what_was_offered_last(self, world: World) -> None:
        await world.write("which?", "something else", "1")
        assert world.dialogue.heard[-1] == "1"

    async def test_of_two_lists_the_latest_is_meant(self, world: World, channel: SocialChannel) -> None:
        # Each message counts its choices from one.
        one = (("Yes", "/yes"), ("No", "/no"))
        two = (("Red", "/red"), ("Blue", "/blue"))
        world.dialogue.script["which?"] = Turn(
            utterances=(Utterance(text="Sure?", buttons=one), Utterance(text="Which?", buttons=two))
        )
        await world.write("which?", "1")
        assert world.dialogue.heard[-1] == "/red"

    @pytest.mark.usefixtures("private_reply")
    async def test_in_a_private_reply(self, world: World, channel: SocialChannel) -> None:
        choices = (("Card", "/card"), ("Loan", "/loan"))
        world.dialogue.script[PERSONAL] = Turn(
            utterances=(Utterance(text="Which one?", response="utter_parcel", buttons=choices),)
        )
        await world.post(PERSONAL)
        await world.deliver()
        assert "1. Card\n2. Loan" in channel.private
        await world.write("2")
        assert world.dialogue.heard[-1] == "/loan"
