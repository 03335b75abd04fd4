"""The replay's judge finds every fault that is planted, and none where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core import events as e
from bot.core.house import House
from bot.core.transcript import Line, fold
from bot.replay.customers import Seen
from bot.replay.verdict import Verdict, judge, look_at_rules
from channels.messages import Surface
from channels.registry import CHANNELS, channel_class

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FAULTS = ("lost", "duplicated", "reordered", "unconfirmed", "unanswered")


class Story:
    """A conversation as the system believes it, and as the customer saw it."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.events: list[e.AnyEvent] = []
        self.screen: list[str] = []
        self._number = 0

    def write(self, text: str, *, heard: int = 1) -> str:
        self._number += 1
        event_id = f"e{self._number}"
        self.written.append(text)
        for time in range(heard):
            self.events.append(_of(e.CustomerWrote, event_id=event_id + "'" * time, external_id=event_id, text=text))
        return event_id

    def say(
        self, text: str, to: str = "", *, sender: str = "bot", end: str = "sent", shown: Sequence[str] | None = None,
        buttons: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`shown`: the bubbles on the customer's screen; the text itself unless told."""
        self._number += 1
        message_id = f"m{self._number}"
        composed = _of(
            e.ReplyComposed, message_id=message_id, sender=sender, text=text, in_reply_to=to, buttons=buttons
        )
        self.events.append(composed)
        ends: dict[str, Any] = {
            "sent": _of(e.ReplySent, message_id=message_id),
            "dropped": _of(e.ReplyDropped, message_id=message_id),
            "failed": _of(e.ReplyFailed, message_id=message_id, error="Rejected"),
            "unconfirmed": _of(e.ReplyUnconfirmed, message_id=message_id),
            "refused": _of(e.ReplyRefused, message_id=message_id, rule="target_deleted", next_step="none"),
        }
        if end in ends:
            self.events.append(ends[end])
        self.screen += [text] if shown is None else shown

    def move(self, before: str, after: str) -> None:
        self.events.append(_of(e.OwnerChanged, before=before, after=after, reason="urgent"))

    def lines(self) -> list[Line]:
        return fold(self.events)

    def judge(self, *, silent: bool = False) -> Verdict:
        return judge(self.written, [], [Seen(text=text, at=0.0) for text in self.screen], self.lines(), silent=silent)

    def faults(self) -> dict[str, int]:
        verdict = self.judge()
        return {name: getattr(verdict, name) for name in FAULTS if getattr(verdict, name)}


def _of(kind: Any, **fields: Any) -> Any:
    return kind(conversation="a:1", at=AT, **fields)


@pytest.fixture
def story() -> Story:
    """Two messages, each answered, one of them in two utterances."""
    story = Story()
    first = story.write("hi")
    story.say("hello", first)
    second = story.write("where is my card?")
    story.say("let me look", second)
    story.say("it is on its way", second)
    return story


class TestNoFault:
    def test_answered(self, story: Story) -> None:
        verdict = story.judge()
        assert (verdict.sent, verdict.answered, verdict.handed_off) == (2, 2, 0)
        assert story.faults() == {}

    def test_the_same_words_twice(self) -> None:
        story = Story()
        for _ in range(3):
            story.say("yes?", story.write("hello"))
        assert story.judge().answered == 3
        assert story.faults() == {}

    def test_a_long_answer_in_several_bubbles_and_other_spaces(self, story: Story) -> None:
        story.say("one two\n\nthree  four", story.write("more"), shown=["one\ntwo", "three four"])
        assert story.faults() == {}

    def test_an_answer_that_begins_like_another(self) -> None:
        story = Story()
        asked = story.write("hi")
        story.say("ok", asked)
        story.say("ok then", asked)
        assert story.faults() == {}

    def test_handed_off_with_a_notice_and_silent_from_then_on(self, story: Story) -> None:
        asked = story.write("a person")
        story.move("bot", "waiting")
        story.say("a colleague will answer", asked, sender="notice")
        story.write("still there?")
        story.move("waiting", "human")
        story.write("hello?")
        story.say("Dina here", sender="agent")
        verdict = story.judge()
        assert (verdict.answered, verdict.handed_off) == (2, 3)
        assert story.faults() == {}

    def test_composed_before_a_claim_and_dropped(self, story: Story) -> None:
        asked = story.write("a person")
        story.move("bot", "waiting")
        story.say("a colleague will answer", asked, sender="notice")
        story.say("one more thing", asked, end="dropped", shown=[])
        assert story.faults() == {}

    def test_unconfirmed_and_on_the_screen_has_arrived(self, story: Story) -> None:
        story.say("certainly", story.write("sure?"), end="unconfirmed")
        assert story.faults() == {}

    def test_unconfirmed_and_taken_over_with_a_notice(self, story: Story) -> None:
        asked = story.write("sure?")
        story.say("certainly", asked, end="unconfirmed", shown=[])
        story.move("bot", "waiting")
        story.say("I'm not sure my answer reached you", sender="notice")
        assert story.judge().handed_off == 1
        assert story.faults() == {"unconfirmed": 1}

    def test_pointed_to_the_private_thread_by_a_notice_is_answered(self, story: Story) -> None:
        story.say("please write to us in private", story.write("my order?"), sender="notice")
        verdict = story.judge()
        assert (verdict.answered, verdict.handed_off) == (3, 0)
        assert story.faults() == {}

    def test_a_draft_for_a_person_where_only_a_person_may_post(self) -> None:
        story = Story()
        asked = story.write("what does a transfer cost?")
        story.events.append(_of(e.DraftMade, text="nothing", in_reply_to=asked))
        story.move("bot", "waiting")
        story.write("hello?")
        verdict = story.judge(silent=True)
        assert (verdict.handed_off, verdict.lost) == (2, 0)
        assert story.judge().lost == 2, "elsewhere the customer is told"

    def test_opted_out_and_told_that_a_person_reads(self, story: Story) -> None:
        stop = story.write("stop")
        story.events.append(_of(e.OptedOut, out=True))
        story.say("no more automatic messages, a person reads what you write", stop, sender="notice")
        story.write("my card is gone")
        story.move("bot", "waiting")
        verdict = story.judge()
        assert (verdict.answered, verdict.handed_off) == (3, 1)
        assert story.faults() == {}

    def test_buttons_that_became_numbered_lines(self, story: Story) -> None:
        shown = ["which one?\n\n1. Cards\n2. Orders"]
        story.say("which one?", story.write("help"), buttons=("Cards", "Orders"), shown=shown)
        story.say("and now?", story.write("help"), buttons=("Cards", "Orders"))
        assert story.faults() == {}

    def test_refused_by_a_rule_before_it_left(self, story: Story) -> None:
        story.say("too late", end="refused", shown=[])
        assert story.faults() == {}

    def test_the_customers_name_in_front_is_no_other_answer(self, story: Story) -> None:
        seen = [Seen(text=text, at=0.0) for text in story.screen]
        seen[0] = Seen(text="Rina, hello", at=0.0, addressed="Rina, ")
        assert judge(story.written, [], seen, story.lines()).answered == 2

    def test_what_the_desk_doubts_is_counted_wherever_it_is(self, story: Story) -> None:
        story.say("certainly", story.write("sure?"), end="unconfirmed")
        assert (story.judge().doubted, story.judge().unconfirmed) == (1, 0)


class TestRules:
    HOUSE = House(personal_slots=frozenset({"order_ref"}))

    def look(self, channel: str, text: str, surface: Surface) -> Verdict:
        made = channel_class(channel)(_settings(channel))
        return look_at_rules([Seen(text=text, at=0.0, surface=surface)], made, {"order_ref": "AR-1"}, self.HOUSE)

    @pytest.mark.parametrize("channel", CHANNELS)
    def test_longer_than_the_platform_allows(self, channel: str) -> None:
        for surface, can in channel_class(channel)(_settings(channel)).surfaces.items():
            assert self.look(channel, "x" * can.text_limit, surface).over_limit == 0
            assert self.look(channel, "x" * (can.text_limit + 1), surface).over_limit == 1

    def test_counted_as_the_platform_counts(self) -> None:
        assert self.look("x", "漢" * 141, Surface.PUBLIC).over_limit == 1
        assert self.look("x", "漢" * 141, Surface.PRIVATE).over_limit == 0

    def test_what_is_one_customers_in_public(self) -> None:
        assert self.look("x", "your order AR-1 is on its way", Surface.PUBLIC).personal == 1
        assert self.look("x", "your order AR-1 is on its way", Surface.PRIVATE).personal == 0
        assert self.look("x", "write to rina@example.com", Surface.PUBLIC).personal == 1

    @pytest.mark.parametrize("fault", ["lost", "duplicated", "reordered", "over_limit", "personal", "violations"])
    def test_each_of_them_fails_the_replay(self, fault: str) -> None:
        verdict = Verdict(sent=1, answered=1, unconfirmed=1)
        assert not verdict.faulty
        setattr(verdict, fault, 1)
        assert verdict.faulty


def _settings(channel: str) -> Any:
    needed = {"telegram": {"token": "1:x"}, "webchat": {"secret": "s" * 32}}
    return channel_class(channel).settings_class(**needed.get(channel, {}))


class TestPlantedFaults:
    def test_a_message_that_is_not_in_the_transcript(self, story: Story) -> None:
        story.write("lost one", heard=0)
        assert story.faults() == {"lost": 1}

    def test_a_message_that_is_in_the_transcript_twice(self, story: Story) -> None:
        story.say("sure", story.write("twice", heard=2))
        assert story.faults()["duplicated"] == 1

    def test_a_message_that_nobody_wrote(self, story: Story) -> None:
        story.events.append(_of(e.CustomerWrote, event_id="odd", external_id="odd", text="made up"))
        assert story.faults() == {"duplicated": 1}

    def test_messages_in_another_order(self, story: Story) -> None:
        story.written.reverse()
        assert story.faults() == {"reordered": 2}

    def test_a_message_without_any_answer(self, story: Story) -> None:
        story.write("anybody?")
        assert story.faults() == {"lost": 1, "unanswered": 1}

    def test_an_answer_that_no_screen_shows(self, story: Story) -> None:
        story.screen.remove("it is on its way")
        assert story.faults() == {"lost": 1}

    def test_the_only_answer_that_no_screen_shows(self, story: Story) -> None:
        story.screen.remove("hello")
        assert story.faults()["unanswered"] == 1
        assert story.faults()["lost"] >= 1

    def test_an_answer_that_never_left(self, story: Story) -> None:
        story.say("stuck", story.write("and?"), end="queued", shown=[])
        assert story.faults()["lost"] >= 1

    def test_an_answer_that_was_refused(self, story: Story) -> None:
        story.say("no", story.write("and?"), end="failed", shown=[])
        assert story.faults() == {"lost": 1, "unanswered": 1}

    @pytest.mark.parametrize("place", [0, 1, 2, 3])
    def test_an_answer_shown_twice(self, story: Story, place: int) -> None:
        story.screen.insert(place, "let me look")
        assert story.faults() == {"duplicated": 1}

    def test_half_an_answer_shown_twice(self, story: Story) -> None:
        story.say("one\n\ntwo", story.write("more"), shown=["one", "two", "two"])
        assert story.faults() == {"duplicated": 1}

    def test_half_an_answer_missing(self, story: Story) -> None:
        story.say("one\n\ntwo", story.write("more"), shown=["one"])
        assert story.faults()["lost"] >= 1

    def test_a_word_that_the_system_knows_nothing_of(self, story: Story) -> None:
        story.screen.append("who said this?")
        assert story.faults() == {"duplicated": 1}

    def test_answers_in_another_order(self, story: Story) -> None:
        story.screen[1:] = reversed(story.screen[1:])
        assert story.faults() == {"reordered": 1}

    def test_handed_off_and_nobody_told_the_customer(self, story: Story) -> None:
        story.move("bot", "waiting")
        story.write("hello?")
        assert story.faults() == {"lost": 1, "unanswered": 1}

    def test_a_notice_that_did_not_arrive_does_not_count(self, story: Story) -> None:
        asked = story.write("a person")
        story.move("bot", "waiting")
        story.say("a colleague will answer", asked, sender="notice", end="failed", shown=[])
        story.write("hello?")
        assert story.faults() == {"lost": 2, "unanswered": 2}


class TestSums:
    def test_verdicts_add_up(self, story: Story) -> None:
        total = Verdict()
        story.write("anybody?")
        for _ in range(3):
            total.add(judge(story.written, [1.0, 2.0], [Seen(text=t, at=0.0) for t in story.screen], story.lines()))
        assert (total.sent, total.answered, total.lost) == (9, 6, 3)
        assert total.waits_ms == [1.0, 2.0] * 3

    def test_percentiles(self) -> None:
        verdict = Verdict(waits_ms=[float(n) for n in range(1, 101)])
        assert (round(verdict.percentile(50)), round(verdict.percentile(99))) == (50, 99)
        assert Verdict().percentile(50) == 0
        assert Verdict(waits_ms=[7.0]).percentile(99) == 7
