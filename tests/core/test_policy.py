"""May it go? Every rule at its very edge, and that no rule is left untried."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.core import policy
from bot.core.conversation import Answered, Conversation, Seen
from bot.core.house import House, Personal, QuietHours
from bot.core.policy import Allowance, Refusal, decide, window_left
from bot.core.risk import Risk
from channels.capabilities import Capabilities, Hiding, PrivateReply, Rules
from channels.messages import Customer, OutboundMessage, Sender, Surface, Template

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
ANI = Customer(external_id="7")
AUTOMATED = (Sender.BOT, Sender.NOTICE)

OPEN = Rules()
MESSENGER = Rules(
    window=DAY, window_source="https://v/window", human_window=WEEK, human_tag="HUMAN_AGENT",
    human_source="https://v/human",
)  # fmt: skip
WHATSAPP = Rules(window=DAY, window_source="https://v/window", templates=True, templates_source="https://v/templates")
COMMENTS = Rules(private_reply=PrivateReply(within=WEEK, source="https://v/private-replies"))


def can(rules: Rules = OPEN, **abilities: Any) -> Capabilities:
    return Capabilities(**{"text_limit": 100, "measure": len, "rules": rules, **abilities})


def case(**known: Any) -> Conversation:
    return Conversation(
        **{
            "key": "a:7", "channel": "a", "thread_id": "7", "customer": ANI, "opened_at": NOW,
            "last_private_at": NOW, "private_to": "7", "disclosed_in": "first", "seen": (Seen("c1", NOW),), **known,
        }
    )  # fmt: skip


def message(sender: Sender = Sender.BOT, surface: Surface = Surface.PRIVATE, **fields: Any) -> OutboundMessage:
    where = {"reply_to": "c1", "root": "c1"} if surface is Surface.PUBLIC else {"to": "7"}
    return OutboundMessage(
        **{
            "message_id": "m", "channel": "a", "thread_id": "7", "customer": ANI, "created_at": NOW, "text": "hi",
            "sender": sender, "surface": surface, **where, **fields,
        }
    )  # fmt: skip


def ask(
    said: OutboundMessage, conversation: Conversation | None = None, *, private: Rules = OPEN,
    public: Capabilities | None = None, house: House | None = None, after: timedelta = timedelta(),
) -> Allowance | Refusal:  # fmt: skip
    surfaces = {Surface.PRIVATE: can(private), Surface.PUBLIC: public or can(COMMENTS)}
    return decide(said, conversation or case(), surfaces, house or House(), NOW + after)


class TestWindow:
    @pytest.mark.parametrize("sender", AUTOMATED)
    @pytest.mark.parametrize(("after", "goes"), [(DAY - SECOND, True), (DAY, True), (DAY + SECOND, False)])
    def test_a_program_has_a_day(self, sender: Sender, after: timedelta, goes: bool) -> None:
        verdict = ask(message(sender), private=MESSENGER, after=after)
        expected = Refusal(rule="window_closed", next_step="person", source="https://v/human")
        assert verdict == (Allowance() if goes else expected)

    @pytest.mark.parametrize(
        ("after", "verdict"),
        [
            (DAY, Allowance()),
            (DAY + SECOND, Allowance("HUMAN_AGENT")),
            (WEEK, Allowance("HUMAN_AGENT")),
            (WEEK + SECOND, Refusal(rule="window_closed", next_step="wait", source="https://v/window")),
        ],
    )
    def test_a_person_has_a_week_and_says_that_they_are_one(
        self, after: timedelta, verdict: Allowance | Refusal
    ) -> None:
        assert ask(message(Sender.AGENT), private=MESSENGER, after=after) == verdict

    @pytest.mark.parametrize("sender", Sender)
    def test_afterwards_only_a_template(self, sender: Sender) -> None:
        late = DAY + SECOND
        template = Template(name="follow_up", language="id")
        assert ask(message(sender), private=WHATSAPP, after=late) == Refusal(
            rule="window_closed", next_step="template", source="https://v/templates"
        )
        assert ask(message(sender, template=template), private=WHATSAPP, after=late) == Allowance()
        assert ask(message(sender, template=template), private=MESSENGER, after=late) == Refusal(
            rule="no_templates", next_step="wait"
        )

    def test_nobody_may_write_to_who_never_wrote(self) -> None:
        never = case(last_private_at=None)
        assert isinstance(ask(message(Sender.AGENT), never, private=MESSENGER), Refusal)
        assert ask(message(), never) == Allowance(), "unless the platform has no window"

    @given(
        age=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=30)),
        window=st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=10)),
        human=st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=10)),
    )
    def test_what_a_program_may_a_person_may_and_the_countdown_says_the_same(
        self, age: timedelta, window: timedelta | None, human: timedelta | None
    ) -> None:
        rules = Rules(window=window, human_window=max(human, window or human) if human else None, human_tag="T")
        verdicts = {sender: ask(message(sender), private=rules, after=age) for sender in Sender}
        assert verdicts[Sender.BOT] == verdicts[Sender.NOTICE]
        if isinstance(verdicts[Sender.BOT], Allowance):
            assert verdicts[Sender.AGENT] == verdicts[Sender.BOT]
        if window is None:
            return
        for sender, by_a_person in ((Sender.BOT, False), (Sender.AGENT, True)):
            left = window_left(case(), can(rules), NOW + age, human=by_a_person)
            assert left is not None
            assert left >= timedelta()
            if left:
                assert isinstance(verdicts[sender], Allowance)
            elif age not in (rules.window, rules.human_window):
                assert isinstance(verdicts[sender], Refusal)

    def test_countdown(self) -> None:
        assert window_left(case(), can(), NOW, human=False) is None
        assert window_left(case(), can(MESSENGER), NOW + DAY / 2, human=False) == DAY / 2
        assert window_left(case(), can(MESSENGER), NOW + DAY / 2, human=True) == WEEK - DAY / 2
        assert window_left(case(), can(WHATSAPP), NOW + 2 * DAY, human=True) == timedelta()
        assert window_left(case(last_private_at=None), can(WHATSAPP), NOW, human=True) == timedelta()


class TestPrivateReply:
    def reply(self, sender: Sender = Sender.BOT, **fields: Any) -> OutboundMessage:
        return message(sender, **{"to": "", "entry": "c1", **fields})

    def known(self, *message_ids: str, **more: Any) -> Conversation:
        given = tuple(Answered("c1", message_id) for message_id in message_ids)
        return case(private_replies=given, last_private_at=None, private_to="", **more)

    @pytest.mark.parametrize("sender", Sender)
    def test_a_week_and_no_longer_whoever_it_is_and_whatever_the_window_says(self, sender: Sender) -> None:
        late = Refusal(rule="private_reply_late", next_step="public", source="https://v/private-replies")
        for after, verdict in ((WEEK, Allowance()), (WEEK + SECOND, late)):
            assert ask(self.reply(sender), self.known("m"), private=MESSENGER, after=after) == verdict

    @pytest.mark.parametrize("sender", Sender)
    def test_one_to_each_comment(self, sender: Sender) -> None:
        spent = Refusal(rule="private_reply_spent", next_step="wait", source="https://v/private-replies")
        assert ask(self.reply(sender), self.known("earlier", "m")) == spent
        assert ask(self.reply(sender), self.known("m", "later")) == Allowance(), "and the first one is the one"

    def test_to_a_comment_that_was_never_seen(self) -> None:
        verdict = ask(self.reply(entry="c9"), self.known("m"))
        assert verdict == Refusal(rule="no_private_reply", next_step="public", source="https://v/private-replies")

    def test_where_the_platform_has_none(self) -> None:
        none = Refusal(rule="no_private_reply", next_step="public")
        assert ask(self.reply(), self.known("m"), public=can()) == none
        only_private = {Surface.PRIVATE: can()}
        assert decide(self.reply(), self.known("m"), only_private, House(), NOW) == none

    def test_neither_an_address_nor_a_comment(self) -> None:
        assert ask(message(to="")) == Refusal(rule="no_private_thread", next_step="wait")


class TestInPublic:
    def test_only_under_something(self) -> None:
        nothing = message(surface=Surface.PUBLIC, reply_to="", root="")
        assert ask(nothing, case()) == Refusal(rule="no_public_thread", next_step="private")

    @pytest.mark.parametrize("sender", Sender)
    def test_only_who_called_when_the_platform_says_so(self, sender: Sender) -> None:
        rules = Rules(summoned_only=True, summoned_source="https://v/summoned")
        post = message(sender, Surface.PUBLIC)
        answered = (Answered("c1", "m"),)
        called, uncalled = case(answered=answered), case(answered=answered, unsummoned=("c1",))
        assert ask(post, uncalled, public=can(rules)) == Refusal(
            rule="not_summoned", next_step="own_app", source="https://v/summoned"
        )
        assert ask(post, called, public=can(rules)) == Allowance()
        assert ask(post, uncalled, public=can()) == Allowance()

    def test_a_person_needs_a_second_one_in_a_regulated_case(self) -> None:
        regulated = case(risk=Risk(approval=True))
        alone = message(Sender.AGENT, Surface.PUBLIC)
        assert ask(alone, regulated, public=can()) == Refusal(rule="needs_approval", next_step="approval")
        assert ask(replace(alone, approved_by="sari"), regulated, public=can()) == Allowance()
        assert ask(alone, case(), public=can()) == Allowance()
        assert ask(message(Sender.AGENT), regulated) == Allowance()
        assert ask(message(Sender.NOTICE, Surface.PUBLIC), regulated, public=can()) == Allowance()

    def test_so_many_automatic_answers_and_no_more(self) -> None:
        rules = Rules(automatic_replies=2, automatic_source="https://v/automatic")
        given = (*(Answered("c1", name) for name in ("m1", "m2", "m3")), Answered("c2", "m4"))
        known = case(answered=given)
        for name, goes in (("m1", True), ("m2", True), ("m3", False), ("unheard", False)):
            verdict = ask(message(surface=Surface.PUBLIC, message_id=name), known, public=can(rules))
            source = "https://v/automatic"
            expected = Refusal(rule="one_automatic_reply", next_step="person", source=source)
            assert verdict == (Allowance() if goes else expected), name
        other = message(surface=Surface.PUBLIC, message_id="m4", reply_to="c2")
        assert ask(other, known, public=can(rules)) == Allowance(), "each message has its own"
        assert ask(message(Sender.AGENT, Surface.PUBLIC), known, public=can(rules)) == Allowance()

    @pytest.mark.parametrize("sender", Sender)
    def test_one_post_by_the_platforms_own_counting(self, sender: Sender) -> None:
        small = can(text_limit=4, measure=lambda text: len(text.encode()), unit="bytes", parts=1)
        too_long = message(sender, Surface.PUBLIC, text="ééé")
        assert ask(too_long, public=small) == Refusal(rule="too_long", next_step="shorten", detail="4 bytes")
        assert ask(replace(too_long, text="éé"), public=small) == Allowance()
        assert ask(too_long, public=replace(small, parts=None)) == Allowance(), "where it may be split"

    @pytest.mark.parametrize("sender", Sender)
    def test_nothing_personal_whoever_says_it(self, sender: Sender) -> None:
        house = House(personal_slots=frozenset({"ref"}), personal=(Personal("amount", r"Rp\d+"),))
        known = case(slots={"ref": "Lantern", "mood": "cross"})
        said = message(sender, Surface.PUBLIC, text="Your LANTERN costs Rp500")
        verdict = ask(said, known, house=house)
        assert verdict == Refusal(rule="personal_in_public", next_step="private", detail="ref, amount")
        assert ask(message(sender, text=said.text), known, house=house) == Allowance(), "in private it may be said"
        assert ask(replace(said, text="You are cross"), known, house=house) == Allowance()


class TestEverywhere:
    @pytest.mark.parametrize("sender", Sender)
    def test_nothing_about_what_its_author_deleted(self, sender: Sender) -> None:
        gone = Refusal(rule="target_deleted", next_step="none", silent=True)
        public, entry = message(sender, Surface.PUBLIC), message(sender, to="", entry="c1")
        for said in (public, entry):
            known = case(private_replies=(Answered("c1", "m"),))
            assert ask(said, replace(known, deleted=("c1",))) == gone
            assert ask(said, replace(known, deleted=("c2",))) == Allowance()
        quoting = message(sender, reply_to="x1")
        assert ask(quoting, case(deleted=("x1",))) == Allowance(), "in private nobody else is puzzled"

    @pytest.mark.parametrize("surface", Surface)
    def test_who_opted_out_hears_the_confirmation_and_people(self, surface: Surface) -> None:
        out = case(opted_out="confirmation")
        for sender in AUTOMATED:
            verdict = ask(message(sender, surface), out)
            assert isinstance(verdict, Refusal)
            assert (verdict.rule, verdict.next_step) == ("opted_out", "person")
            assert verdict.source.startswith("https://")
            assert ask(message(sender, surface, message_id="confirmation"), out) == Allowance()
        assert ask(message(Sender.AGENT, surface), out) == Allowance()

    @pytest.mark.parametrize("surface", Surface)
    def test_drafts_only_is_for_programs(self, surface: Surface) -> None:
        rules = Rules(drafts_only=True, drafts_source="https://v/drafts")
        both = {"private": rules, "public": can(rules)}
        for sender in AUTOMATED:
            verdict = ask(message(sender, surface), **both)  # type: ignore[arg-type]
            assert verdict == Refusal(rule="drafts_only", next_step="person", source="https://v/drafts")
        assert ask(message(Sender.AGENT, surface), **both) == Allowance()  # type: ignore[arg-type]

    @pytest.mark.parametrize("surface", Surface)
    def test_the_assistant_is_never_taken_for_a_person(self, surface: Surface) -> None:
        strangers = case(disclosed_in="")
        verdict = ask(message(surface=surface), strangers)
        assert isinstance(verdict, Refusal)
        assert verdict.rule == "undisclosed"
        assert verdict.source.startswith("https://")
        assert ask(message(Sender.AGENT, surface), strangers) == Allowance()

    @pytest.mark.parametrize("surface", Surface)
    @pytest.mark.parametrize("sender", Sender)
    def test_nobody_is_woken(self, sender: Sender, surface: Surface) -> None:
        house = House(quiet_hours=QuietHours(from_="08:00", to="10:00", timezone="UTC"))
        unasked = message(sender, surface, proactive=True)
        assert ask(unasked, house=house) == Refusal(rule="quiet_hours", next_step="wait", silent=True)
        assert ask(unasked, house=house, after=timedelta(hours=1)) == Allowance()
        assert ask(message(sender, surface), house=house) == Allowance(), "an answer is no disturbance"

    @pytest.mark.parametrize("sender", Sender)
    @pytest.mark.parametrize(("answerable", "hidden", "goes"), [
        (False, ("c1",), False), (True, ("c1",), True), (False, ("c2",), True), (False, (), True),
    ])  # fmt: skip
    def test_what_is_hidden_is_not_answered_in_public_everywhere(
        self, sender: Sender, answerable: bool, hidden: tuple[str, ...], goes: bool
    ) -> None:
        """Answers hang on the thread's first message, so that alone counts."""
        public = can(COMMENTS, hiding=Hiding(source="https://v/hide", answerable=answerable))
        refusal = Refusal(rule="target_hidden", next_step="private", source="https://v/hide")
        verdict = ask(message(sender, Surface.PUBLIC, reply_to="c2", root="c1"), case(hidden=hidden), public=public)
        assert verdict == (Allowance() if goes else refusal)

    @pytest.mark.parametrize("sender", Sender)
    def test_the_private_thread_belongs_to_one_app(self, sender: Sender) -> None:
        elsewhere = case(elsewhere="Page Inbox")
        verdict = ask(message(sender), elsewhere)
        assert isinstance(verdict, Refusal)
        assert (verdict.rule, verdict.next_step) == ("owned_elsewhere", "take_thread")
        assert verdict.source.startswith("https://")
        assert ask(message(sender, Surface.PUBLIC), elsewhere) == Allowance(), "comments belong to everybody"

    @pytest.mark.parametrize("sender", Sender)
    def test_a_surface_that_the_platform_does_not_have(self, sender: Sender) -> None:
        surfaces = {Surface.PRIVATE: can()}
        assert decide(message(sender, Surface.PUBLIC), case(), surfaces, House(), NOW) == Refusal(
            rule="no_such_surface", next_step="person"
        )


CODE = Path(policy.__file__).read_text(encoding="utf-8")
STEPS = {"person", "template", "wait", "take_thread", "private", "public", "shorten", "own_app", "approval", "none"}


def test_every_rule_is_tried_here_and_in_the_services() -> None:
    rules = set(re.findall(r'rule="(\w+)"', CODE))
    assert len(rules) >= 17
    services = Path(__file__).parents[1] / "services"
    for tests in ((Path(__file__),), tuple(services / f"test_{name}.py" for name in ("policy", "approve", "hide"))):
        written = "".join(path.read_text(encoding="utf-8") for path in tests)
        tried: Mapping[str, bool] = {rule: f'"{rule}"' in written for rule in rules}
        assert [rule for rule, here in tried.items() if not here] == []


def test_every_next_step_is_one_that_the_desk_knows() -> None:
    assert set(re.findall(r'next_step="(\w+)"', CODE)) <= STEPS
