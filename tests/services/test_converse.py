from __future__ import annotations

import msgspec
import pytest

from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.events import IntentSeen
from bot.core.ports import HandoffRequest, LeaseLost, Letter, Turn, Utterance, VersionConflict
from channels.messages import (
    Attachment,
    ButtonTapped,
    Customer,
    HumanEcho,
    MessageDeleted,
    MessageEdited,
    OwnEcho,
    Reachability,
    Reacted,
    Receipt,
    Sender,
    Unsupported,
)
from tests.services.world import ANSWER_WITHIN, BUDI, DINA, KEY, World

PERSON = "a person please"


@pytest.fixture
def world() -> World:
    world = World()
    world.dialogue.script[PERSON] = Turn(handoff=HandoffRequest(reason="customer_asked", detail="asked twice"))
    return world


class TestAnswering:
    async def test_answers_in_order_and_quotes_what_it_answers(self, world: World) -> None:
        await world.receive(world.message("hi", external_id="x1"), world.message("where is my card", external_id="x2"))
        await world.work()
        first, second = await world.queued()
        assert (first.text, second.text) == ("echo: hi", "echo: where is my card")
        assert (first.in_reply_to, second.in_reply_to) == ("e1", "e2")
        assert (first.reply_to, second.reply_to) == ("x1", "x2")
        assert {first.sender, second.sender} == {Sender.BOT}
        assert [line.author for line in await world.lines()] == ["customer", "bot", "customer", "bot"]

    async def test_a_repeated_event_is_answered_once(self, world: World) -> None:
        message = world.message("hi")
        await world.receive(message)
        await world.work()
        await world.receive(message)
        await world.work()
        assert await world.texts() == ["echo: hi"]
        assert len(await world.log(e.CustomerWrote)) == 1

    async def test_unknown_kinds_end_at_the_door(self, world: World) -> None:
        await world.receive(world.event(Unsupported, kind="poll_vote"))
        assert (await world.inbound.depth()).messages == 0

    async def test_memory_goes_on_within_an_episode(self, world: World) -> None:
        await world.write("one", "two", "three")
        assert world.dialogue.remembered == [b"", b"one|", b"one|two|"]
        assert (await world.store.load(KEY)).tracker == b"one|two|three|"

    async def test_what_was_understood_is_kept_for_a_person(self, world: World) -> None:
        world.dialogue.script["kartu saya mana"] = Turn(
            utterances=(Utterance(text="sebentar"),),
            intents=(IntentSeen("card_delivery", 0.8), IntentSeen("greet", 0.1)),
            language="id", slots={"card": "42"}, actions=("action_card_status",),
        )  # fmt: skip
        await world.write("kartu saya mana", PERSON)
        conversation = await world.conversation()
        assert conversation.language == "id"
        assert conversation.handoff is not None
        assert conversation.handoff.intents == (IntentSeen("card_delivery", 0.8),)
        assert conversation.handoff.steps == ("action_card_status",)
        [understood, _] = await world.log(e.Understood)
        assert [seen.name for seen in understood.intents] == ["card_delivery", "greet"]
        assert (await world.texts())[-1].startswith("[handoff/id]")

    async def test_the_assistant_is_told_the_language_so_far(self, world: World) -> None:
        indonesian = Customer(external_id="7", locale="id-ID")
        world.dialogue.script["hello"] = Turn(utterances=(Utterance(text="hi"),), language="en")
        await world.receive(world.message("hello", customer=indonesian), world.message("again", customer=indonesian))
        await world.work()
        assert world.dialogue.languages == ["id", "en"]

    async def test_a_language_that_we_do_not_speak_changes_nothing(self, world: World) -> None:
        world.dialogue.script["bonjour"] = Turn(utterances=(Utterance(text="?"),), language="fr")
        await world.write("bonjour")
        assert (await world.conversation()).language == "en"

    async def test_pictures_are_said_with_the_text(self, world: World) -> None:
        world.dialogue.script["map"] = Turn(utterances=(Utterance(text="here", image="https://a.example/map.png"),))
        await world.write("map")
        [message] = await world.queued()
        assert [(a.kind, a.url) for a in message.attachments] == [("image", "https://a.example/map.png")]

    async def test_time_to_answer_counts_from_the_moment_of_storing(self, world: World) -> None:
        stored = world.clock.now()
        await world.receive(world.message("hi"))
        world.clock.forward(4)
        await world.work()
        [message] = await world.queued()
        assert message.asked_at == stored


class TestWhatTheAssistantHears:
    @pytest.mark.parametrize(
        ("typed", "heard"),
        [
            ("/restart", "restart"),
            ('/order_status{"order":"1"}', 'order_status{"order":"1"}'),
            (" /  //restart ", "restart"),
            ("/", "…"),
            ("/\u00a0/branch_hours", "branch_hours"),
            (" /\u2003/ /restart", "restart"),
            ("a/b", "a/b"),
            ("  hi  ", "hi"),
        ],
    )
    async def test_typed_text_is_never_an_intent(self, world: World, typed: str, heard: str) -> None:
        await world.write(typed)
        assert world.dialogue.heard == [heard]
        assert (await world.lines())[0].text == typed, "the transcript has the customer's own words"

    @pytest.mark.parametrize(
        ("referral", "heard"),
        [("card-delivery", "/card_delivery"), ("Card_Delivery", "/card_delivery"), ("", "/greet"),
         ("unknown", "/greet"), ("restart", "/greet")],
    )  # fmt: skip
    async def test_deep_link_opens_a_topic_that_the_assistant_knows(
        self, world: World, referral: str, heard: str
    ) -> None:
        await world.receive(world.message("/start", referral=referral))
        await world.work()
        assert world.dialogue.heard == [heard]

    async def test_media_without_words_is_media(self, world: World) -> None:
        voice = (Attachment(kind="voice", external_id="f1"),)
        await world.receive(world.message(" ", attachments=voice), world.message("my card", attachments=voice))
        await world.work()
        assert world.dialogue.heard == ["/media", "my card"]
        assert (await world.lines())[0].attachments == voice

    async def test_empty_message_reaches_the_assistant_as_something(self, world: World) -> None:
        await world.write("")
        assert world.dialogue.heard == ["…"]


class TestButtons:
    @pytest.fixture(autouse=True)
    def offer(self, world: World) -> None:
        choices = (("Yes, block it", "/affirm"), ("No", "/deny"))
        world.dialogue.script["block"] = Turn(utterances=(Utterance(text="Sure?", buttons=choices),))

    async def test_the_platform_gets_short_keys_and_the_assistant_the_payload(self, world: World) -> None:
        await world.write("block")
        [message] = await world.queued()
        assert [button.title for button in message.buttons] == ["Yes, block it", "No"]
        assert all(len(button.key) <= 32 and "/" not in button.key for button in message.buttons)
        await world.tap(message.buttons[0].key, "Yes, block it")
        assert world.dialogue.heard[-1] == "/affirm"
        assert [line.text for line in await world.lines() if line.author == "customer"] == ["block", "Yes, block it"]

    async def test_keys_of_two_offers_do_not_collide(self, world: World) -> None:
        await world.write("block", "block")
        keys = [button.key for message in await world.queued() for button in message.buttons]
        assert len(set(keys)) == 4

    async def test_an_old_button_falls_back_to_its_title(self, world: World) -> None:
        await world.write("hi")
        await world.tap("long-forgotten.0", "No")
        assert world.dialogue.heard[-1] == "No"

    async def test_a_forged_title_is_not_an_intent(self, world: World) -> None:
        await world.tap("forged", "/restart")
        assert world.dialogue.heard == ["restart"]

    async def test_a_tap_is_acknowledged_once_whoever_has_the_conversation(self, world: World) -> None:
        await world.tap("k", "hi", acknowledge="cb1")
        await world.write(PERSON)
        await world.tap("k", "hi", acknowledge="cb2")
        signals = [message.acknowledge for message in await world.queued() if message.kind == "acknowledge"]
        assert signals == ["cb1", "cb2"]

    async def test_a_tap_is_acknowledged_when_the_assistant_broke_on_it(self, world: World) -> None:
        await world.receive(world.event(ButtonTapped, external_id="x", button="k", title="hi", acknowledge="cb"))
        lease = await world.inbound.lease("worker", 0)
        assert lease is not None
        await world.converse.give_up(lease, "KeyError")
        assert [message.acknowledge for message in await world.queued() if message.kind == "acknowledge"] == ["cb"]


class TestHandingOff:
    async def test_hands_over_with_notice_timer_and_context(self, world: World) -> None:
        world.dialogue.script["card"] = Turn(
            utterances=(Utterance(text="hm"),), intents=(IntentSeen("card", 0.7),), slots={"order": "A1"},
            actions=("action_look",),
        )  # fmt: skip
        await world.write("card")
        world.dialogue.script[PERSON] = Turn(
            utterances=(Utterance(text="of course"),), slots={"order": "A1"},
            handoff=HandoffRequest(reason="customer_asked", detail="asked twice"),
        )  # fmt: skip
        world.clock.forward(5)
        await world.write(PERSON)
        conversation = await world.conversation()
        assert (conversation.owner, conversation.epoch) == (Owner.WAITING, 1)
        held = conversation.handoff
        assert held is not None
        assert (held.reason, held.detail) == ("customer_asked", "asked twice")
        assert held.opened_at == world.clock.now()
        assert held.answer_due_at == world.clock.now() + ANSWER_WITHIN
        assert (held.intents, held.slots, held.steps) == ((IntentSeen("card", 0.7),), {"order": "A1"}, ("action_look",))
        assert await world.texts() == ["hm", "of course", "[handoff/en] 5"]
        assert [message.epoch for message in await world.queued()] == [0, 1, 1], "said at the handoff's own epoch"
        notice = (await world.queued())[-1]
        assert (notice.sender, notice.in_reply_to) == (Sender.NOTICE, "e2")
        assert world.meter.counts["handoffs", "customer_asked"] == 1

    async def test_promise_is_of_the_real_queue(self, world: World) -> None:
        for seconds in (60.0, 120.0, 600.0):
            await world.store.note_wait(seconds)
        await world.write(PERSON)
        assert await world.texts() == ["[handoff/en] 2"]

    async def test_no_promise_when_nobody_is_there(self, world: World) -> None:
        world.store.agents_present = 0
        await world.write(PERSON)
        assert await world.texts() == ["[handoff_no_promise/en]", "[offer_callback/en]"]

    async def test_silent_while_waiting_and_while_a_person_has_it(self, world: World) -> None:
        await world.write(PERSON)
        said = len(await world.queued())
        await world.write("hello?")
        assert len(await world.queued()) == said
        await world.desk.claim(KEY, DINA)
        said = len(await world.queued())
        await world.write("are you there?")
        assert len(await world.queued()) == said
        assert world.dialogue.heard == [PERSON]
        assert [event.text for event in await world.log(e.CustomerWrote)] == [PERSON, "hello?", "are you there?"]

    async def test_an_assistant_without_an_answer_hands_over(self, world: World) -> None:
        world.dialogue.script["?"] = Turn()
        await world.write("?")
        assert await world.moves() == [("bot", "waiting", "assistant_failed")]
        assert await world.texts() == ["[handoff/en] 5"]

    async def test_broken_assistant_is_given_up_and_a_person_takes_over(self, world: World) -> None:
        world.dialogue.script["boom"] = RuntimeError("rasa")
        await world.receive(world.message("boom"), world.message("next"))
        lease = await world.inbound.lease("worker", 0)
        assert lease is not None
        with pytest.raises(RuntimeError):
            await world.converse.handle(lease)
        assert await world.store.log(KEY) == [], "a broken turn changes nothing"
        following = await world.converse.give_up(lease, "RuntimeError")
        assert following is not None
        assert await world.moves() == [("bot", "waiting", "assistant_failed")]
        assert (await world.conversation()).handoff.detail == "RuntimeError"  # type: ignore[union-attr]
        assert [event.text for event in await world.log(e.CustomerWrote)] == ["boom"]
        assert await world.texts() == ["[handoff/en] 5"]

    async def test_giving_up_leaves_a_persons_conversation_with_them(self, world: World) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, DINA)
        await world.receive(world.message("boom"))
        lease = await world.inbound.lease("worker", 0)
        assert lease is not None
        await world.converse.give_up(lease, "Killed")
        assert (await world.conversation()).agent_id == "dina"
        assert [event.text for event in await world.log(e.CustomerWrote)] == ["hi", "boom"]


class TestSomebodyElseMeanwhile:
    async def test_a_claim_during_the_turn_makes_the_bot_forget_its_words(self, world: World) -> None:
        await world.write("hi")
        claims = []

        async def claim() -> None:
            if not claims:
                claims.append(await world.desk.claim(KEY, DINA))

        world.dialogue.meanwhile = claim
        await world.write("where is my card")
        assert (await world.conversation()).agent_id == "dina"
        assert await world.texts() == ["echo: hi", "[claimed/en] Dina Lestari Arunika"]
        assert [event.text for event in await world.log(e.CustomerWrote)] == ["hi", "where is my card"]
        assert (await world.store.load(KEY)).tracker == b"hi|", "the forgotten turn left nothing in its memory"

    async def test_what_was_done_outside_is_told_although_a_person_took_over(self, world: World) -> None:
        await world.write("hi")
        claims = []

        async def claim() -> None:
            if not claims:
                claims.append(await world.desk.claim(KEY, DINA))

        world.dialogue.script["yes"] = Turn(utterances=(Utterance(text="done"),), deeds=("Order was cancelled.",))
        world.dialogue.meanwhile = claim
        await world.write("yes")
        assert (await world.conversation()).agent_id == "dina"
        assert "done" not in await world.texts()
        assert [event.text for event in await world.log(e.Acted)] == ["Order was cancelled."]
        assert [line.detail for line in await world.lines() if line.kind == "acted"] == ["Order was cancelled."]

    async def test_a_note_or_another_commit_during_the_turn_only_repeats_it(self, world: World) -> None:
        await world.write("hi")
        times: list[int] = []

        async def claim_and_give_back() -> None:
            if not times:
                times.append(1)
                await world.desk.claim(KEY, DINA)
                await world.desk.give_back(KEY, DINA)

        world.dialogue.meanwhile = claim_and_give_back
        await world.write("card")
        assert (await world.texts()).count("echo: card") == 1
        assert [event.text for event in await world.log(e.CustomerWrote)] == ["hi", "card"]

    async def test_endless_conflicts_are_given_up(self, world: World) -> None:
        await world.write("hi")

        async def always() -> None:
            conversation = await world.conversation()
            if conversation.owner is Owner.BOT:
                await world.desk.claim(KEY, DINA)
                await world.desk.give_back(KEY, DINA)

        world.dialogue.meanwhile = always
        with pytest.raises(VersionConflict):
            await world.write("card")

    async def test_a_worker_that_lost_its_lease_changes_nothing(self, world: World) -> None:
        async def lose() -> None:
            await world.inbound.reclaim("worker")
            await world.inbound.lease("other", 0)

        await world.receive(world.message("hi"))
        lease = await world.inbound.lease("worker", 0)
        assert lease is not None
        world.dialogue.meanwhile = lose
        with pytest.raises(LeaseLost):
            await world.converse.handle(lease)
        assert await world.store.log(KEY) == []
        assert await world.queued() == []


class TestEpisodes:
    async def test_a_closed_conversation_reopens_with_a_fresh_memory(self, world: World) -> None:
        await world.write("one")
        await world.desk.claim(KEY, DINA)
        await world.desk.close(KEY, DINA)
        await world.write("two")
        conversation = await world.conversation()
        assert (conversation.owner, conversation.episode) == (Owner.BOT, 2)
        assert world.dialogue.remembered == [b"", b""]
        assert (await world.moves())[-1] == ("closed", "bot", "reopened")
        await world.write("three")
        assert world.dialogue.remembered[-1] == b"two|"

    async def test_a_persons_return_begins_with_a_fresh_memory(self, world: World) -> None:
        await world.write("one")
        await world.desk.claim(KEY, DINA)
        await world.desk.give_back(KEY, DINA)
        await world.write("two", "three")
        assert (await world.conversation()).episode == 2
        assert world.dialogue.remembered == [b"", b"", b"two|"]

    async def test_only_words_reopen(self, world: World) -> None:
        await world.write("one")
        await world.desk.claim(KEY, DINA)
        await world.desk.close(KEY, DINA)
        await world.receive(world.event(Reacted, external_id="x1", emoji="👍"))
        await world.work()
        assert (await world.conversation()).owner is Owner.CLOSED


class TestOverdue:
    async def test_told_once_when_nobody_came(self, world: World) -> None:
        await world.write(PERSON)
        world.clock.forward(ANSWER_WITHIN.total_seconds() - 1)
        await world.work()
        assert await world.log(e.HandoffOverdue) == []
        world.clock.forward(1)
        await world.work()
        [overdue] = await world.log(e.HandoffOverdue)
        assert overdue.waited_s == ANSWER_WITHIN.total_seconds()
        assert (await world.conversation()).handoff.overdue  # type: ignore[union-attr]
        assert (await world.texts())[-1] == "[still_waiting/en] 5"
        world.clock.forward(10_000)
        await world.work()
        assert len(await world.log(e.HandoffOverdue)) == 1
        assert (await world.conversation()).owner is Owner.WAITING

    async def test_not_when_a_person_took_it(self, world: World) -> None:
        await world.write(PERSON)
        await world.desk.claim(KEY, DINA)
        assert (await world.inbound.depth()).delayed == 0, "the claim cancels the timer"
        world.clock.forward(10_000)
        await world.work()
        assert await world.log(e.HandoffOverdue) == []

    async def test_a_letter_that_rang_before_the_claim_does_nothing_after_it(self, world: World) -> None:
        await world.write(PERSON)
        world.clock.forward(ANSWER_WITHIN.total_seconds())
        ringing = await world.inbound.lease("worker", 0)
        assert ringing is not None
        await world.desk.claim(KEY, DINA)
        assert await world.converse.handle(ringing) is None
        assert await world.log(e.HandoffOverdue) == []

    async def test_released_and_waiting_anew_has_a_clock_of_its_own(self, world: World) -> None:
        await world.write(PERSON)
        world.clock.forward(ANSWER_WITHIN.total_seconds())
        ringing = await world.inbound.lease("worker", 0)
        assert ringing is not None
        await world.desk.claim(KEY, DINA)
        await world.desk.release(KEY, DINA)
        await world.converse.handle(ringing)
        assert await world.log(e.HandoffOverdue) == [], "the old handoff's timer is not the new one's"
        world.clock.forward(ANSWER_WITHIN.total_seconds())
        await world.work()
        assert len(await world.log(e.HandoffOverdue)) == 1


class TestThePlatformsOwnApp:
    async def test_a_person_who_answers_there_takes_over(self, world: World) -> None:
        await world.write("hi")
        await world.receive(world.event(HumanEcho, external_id="p9", text="Hi Ani, Rani here", author="Rani"))
        await world.write("thanks")
        conversation = await world.conversation()
        assert (conversation.owner, conversation.agent_name) == (Owner.HUMAN, "Rani")
        assert world.dialogue.heard == ["hi"]
        line = (await world.lines())[-2]
        assert (line.author, line.name, line.text, line.status) == ("agent", "Rani", "Hi Ani, Rani here", "sent")
        assert await world.texts() == ["echo: hi"], "no notice: the customer has just read the person's own words"

    async def test_it_takes_a_waiting_handoff_and_stops_its_clock(self, world: World) -> None:
        await world.write(PERSON)
        await world.receive(world.event(HumanEcho, external_id="p9", text="hi", author="Rani"))
        await world.work()
        assert (await world.inbound.depth()).delayed == 0
        world.clock.forward(10_000)
        await world.work()
        assert await world.log(e.HandoffOverdue) == []
        assert await world.moves() == [("bot", "waiting", "customer_asked"), ("waiting", "human", "customer_asked")]

    async def test_it_leaves_a_colleagues_conversation_with_them(self, world: World) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, BUDI)
        await world.receive(world.event(HumanEcho, external_id="p9", text="hi", author="Rani"))
        await world.work()
        assert (await world.conversation()).agent_id == "budi"
        assert (await world.lines())[-1].text == "hi"

    async def test_our_own_echo_confirms_and_is_never_an_input(self, world: World) -> None:
        await world.write("hi")
        [message] = await world.queued()
        await world.receive(
            world.event(OwnEcho, external_id="p5", message_id=f"{message.message_id}/0", text=message.text)
        )
        await world.work()
        assert world.dialogue.heard == ["hi"]
        line = (await world.lines())[-1]
        assert (line.status, line.external_ids) == ("sent", ("p5",))

    async def test_an_echo_that_names_no_message_changes_nothing(self, world: World) -> None:
        await world.write("hi")
        before = await world.store.log(KEY)
        await world.receive(
            world.event(OwnEcho, external_id="p5", text="echo: hi"), world.event(Receipt, status="read")
        )
        await world.work()
        assert await world.store.log(KEY) == before


class TestTheTranscript:
    async def test_edits_deletions_and_reactions_are_seen_and_not_answered(self, world: World) -> None:
        await world.receive(
            world.message("my pin is 1", external_id="m1"),
            world.event(MessageEdited, external_id="m1", text="never mind"),
            world.event(Reacted, external_id="m1", emoji="🙏"),
            world.event(MessageDeleted, external_id="m1"),
        )
        await world.work()
        line = (await world.lines())[0]
        assert (line.text, line.earlier, line.reaction, line.deleted) == ("never mind", ("my pin is 1",), "🙏", True)
        assert world.dialogue.heard == ["my pin is 1"]

    async def test_a_customer_who_blocks_us_is_unreachable_until_they_write(self, world: World) -> None:
        await world.write("hi")
        await world.receive(world.event(Reachability, reachable=False))
        await world.work()
        assert not (await world.conversation()).reachable
        assert (await world.lines())[-1].reason == "blocked"
        await world.write("hi again")
        assert (await world.conversation()).reachable

    async def test_the_customers_latest_name_is_kept(self, world: World) -> None:
        await world.write("hi")
        await world.receive(world.message("x", customer=Customer(external_id="7", name="Ani Wulandari")))
        await world.receive(world.message("y", customer=Customer(external_id="7")))
        await world.work()
        assert (await world.conversation()).customer.name == "Ani Wulandari"

    async def test_two_customers_do_not_share_anything(self, world: World) -> None:
        await world.receive(world.message("mine"), world.message("theirs", thread_id="8"))
        await world.work()
        assert [event.text for event in await world.log(e.CustomerWrote)] == ["mine"]  # type: ignore[attr-defined]
        assert world.dialogue.remembered == [b"", b""]


async def test_a_letter_that_is_no_item_is_the_callers_to_bury(world: World) -> None:
    await world.inbound.append([Letter(key=KEY, dedupe_id="", body=b"{}")])
    lease = await world.inbound.lease("worker", 0)
    assert lease is not None
    for attempt in (world.converse.handle(lease), world.converse.give_up(lease, "x")):
        with pytest.raises(msgspec.DecodeError):
            await attempt
