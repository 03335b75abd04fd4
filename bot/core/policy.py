"""Whether a message may go, by whom and how: every outgoing message passes here, at the moment of sending.

Pure: the platform's rules come as `Capabilities.rules`, the brand's as `House`, what happened as `Conversation`.
The desk asks the same function before somebody types in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from bot.core.conversation import Conversation
from bot.core.house import House, personal_in
from channels.capabilities import Capabilities
from channels.messages import OutboundMessage, Sender, Surface

Surfaces = Mapping[Surface, Capabilities]


class Allowance(msgspec.Struct, frozen=True):
    """It may go, under this tag of the platform ("" for none)."""

    tag: str = ""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """It may not go. `rule` names which, `source` is the page that says so, `next_step` what is legal instead.

    `silent`: the customer misses nothing, so that nobody needs to look. Next steps: person (a person has to answer),
    template, approval (a second person's), wait (until the customer writes), take_thread, private, public, shorten,
    own_app (answer in the
    platform's own app), none.
    """

    rule: str
    next_step: str
    source: str = ""
    detail: str = ""
    silent: bool = False


class Question(msgspec.Struct, frozen=True):
    """One message, with all that the answer depends on."""

    message: OutboundMessage
    conversation: Conversation
    surfaces: Surfaces
    house: House
    now: datetime

    @property
    def can(self) -> Capabilities:
        return self.surfaces[self.message.surface]

    @property
    def automated(self) -> bool:
        return self.message.sender is not Sender.AGENT


def decide(
    message: OutboundMessage, conversation: Conversation, surfaces: Surfaces, house: House, now: datetime
) -> Allowance | Refusal:
    """The first rule that refuses, or the allowance."""
    if message.surface not in surfaces:
        return Refusal(rule="no_such_surface", next_step="person")
    question = Question(message, conversation, surfaces, house, now)
    for rule in _PUBLIC if message.surface is Surface.PUBLIC else _PRIVATE:
        if refusal := rule(question):
            return refusal
    return Allowance() if message.surface is Surface.PUBLIC else _window(question)


# ---- rules for everything ------------------------------------------------------------------------------


def _still_there(ask: Question) -> Refusal | None:
    """A reply to something that its author deleted would puzzle everybody who reads it."""
    target = ask.message.reply_to if ask.message.surface is Surface.PUBLIC else ask.message.entry
    if target and target in ask.conversation.deleted:
        return Refusal(rule="target_deleted", next_step="none", silent=True)
    return None


def _opted_out(ask: Question) -> Refusal | None:
    """ "Honour opt-out": https://help.x.com/en/rules-and-policies/x-automation; the confirmation itself may go."""
    out = ask.conversation.opted_out
    if ask.automated and out and out != ask.message.message_id:
        return Refusal(
            rule="opted_out", next_step="person", source="https://help.x.com/en/rules-and-policies/x-automation"
        )
    return None


def _attended(ask: Question) -> Refusal | None:
    rules = ask.can.rules
    if ask.automated and rules.drafts_only:
        return Refusal(rule="drafts_only", next_step="person", source=rules.drafts_source)
    return None


def _disclosed(ask: Question) -> Refusal | None:
    """Who writes is told on first contact: the assistant's first words carry it."""
    if ask.message.sender is Sender.BOT and not ask.conversation.disclosed_in:
        return Refusal(
            rule="undisclosed",
            next_step="person",
            source="https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy",
        )
    return None


def _quiet(ask: Question) -> Refusal | None:
    if ask.message.proactive and ask.house.quiet_until(ask.now):
        return Refusal(rule="quiet_hours", next_step="wait", silent=True)
    return None


# ---- rules for the public ------------------------------------------------------------------------------


def _target(ask: Question) -> Refusal | None:
    if not ask.message.reply_to:
        return Refusal(rule="no_public_thread", next_step="private")
    return None


def _in_sight(ask: Question) -> Refusal | None:
    """What we had hidden cannot be answered in public everywhere; answers hang on the thread's first message."""
    hiding = ask.can.hiding
    if hiding and not hiding.answerable and (ask.message.root or ask.message.reply_to) in ask.conversation.hidden:
        return Refusal(rule="target_hidden", next_step="private", source=hiding.source)
    return None


def _nothing_personal(ask: Question) -> Refusal | None:
    found = personal_in(ask.message.text, ask.conversation.facts, ask.house)
    if found:
        return Refusal(rule="personal_in_public", next_step="private", detail=", ".join(found))
    return None


def _second_person(ask: Question) -> Refusal | None:
    """In a regulated case a person's public words need another one's approval (data/triage/policy.yml)."""
    if ask.conversation.risk.approval and not ask.automated and not ask.message.approved_by:
        return Refusal(rule="needs_approval", next_step="approval")
    return None


def _summoned(ask: Question) -> Refusal | None:
    rules = ask.can.rules
    if rules.summoned_only and ask.message.reply_to in ask.conversation.unsummoned:
        return Refusal(rule="not_summoned", next_step="own_app", source=rules.summoned_source)
    return None


def _once(ask: Question) -> Refusal | None:
    rules = ask.can.rules
    if not ask.automated or rules.automatic_replies is None:
        return None
    allowed = ask.conversation.answers_to(ask.message.reply_to)[: rules.automatic_replies]
    if ask.message.message_id in allowed:
        return None
    return Refusal(rule="one_automatic_reply", next_step="person", source=rules.automatic_source)


def _fits(ask: Question) -> Refusal | None:
    can = ask.can
    if can.parts == 1 and can.measure(ask.message.text) > can.text_limit:
        return Refusal(rule="too_long", next_step="shorten", detail=f"{can.text_limit} {can.unit}")
    return None


# ---- rules for the private thread ----------------------------------------------------------------------


def _thread_is_ours(ask: Question) -> Refusal | None:
    if ask.conversation.elsewhere:
        return Refusal(
            rule="owned_elsewhere",
            next_step="take_thread",
            source="https://developers.facebook.com/documentation/business-messaging/messenger-platform/"
            "conversation-routing",
        )
    return None


def _private_reply(ask: Question) -> Refusal | None:
    """A private message that hangs on a public one."""
    message, conversation = ask.message, ask.conversation
    if not message.entry:
        return None if message.to else Refusal(rule="no_private_thread", next_step="wait")
    public = ask.surfaces.get(Surface.PUBLIC)
    rule = public.rules.private_reply if public else None
    if rule is None:
        return Refusal(rule="no_private_reply", next_step="public")
    written = conversation.written_at(message.entry)
    if not conversation.takes_private_reply(message.entry):
        return Refusal(rule="no_private_reply", next_step="public", source=rule.source)
    if written is None or ask.now - written > rule.within:
        return Refusal(rule="private_reply_late", next_step="public", source=rule.source)
    if message.message_id not in conversation.private_replies_to(message.entry)[:1]:
        return Refusal(rule="private_reply_spent", next_step="wait", source=rule.source)
    return None


def _one_message(ask: Question) -> Refusal | None:
    """A private reply cannot be divided: there is only one."""
    can = ask.can
    if ask.message.entry and can.measure(ask.message.text) > can.text_limit:
        return Refusal(rule="too_long", next_step="shorten", detail=f"{can.text_limit} {can.unit}")
    return None


def _window(ask: Question) -> Allowance | Refusal:
    """The reply window of the private thread, which the customer's last action there opened."""
    rules, message = ask.can.rules, ask.message
    if message.template is not None:
        if rules.templates:
            return Allowance()
        return Refusal(rule="no_templates", next_step="wait")
    if message.entry or rules.window is None:
        return Allowance()
    last = ask.conversation.last_private_at
    age = ask.now - last if last else timedelta.max
    if age <= rules.window:
        return Allowance()
    human = rules.human_window is not None and age <= rules.human_window
    if human and not ask.automated:
        return Allowance(rules.human_tag)
    step = "person" if human else "template" if rules.templates else "wait"
    return Refusal(
        rule="window_closed",
        next_step=step,
        source=rules.human_source if human else rules.templates_source or rules.window_source,
    )


def window_left(conversation: Conversation, can: Capabilities, now: datetime, *, human: bool) -> timedelta | None:
    """How long a person (`human`) or a program may still write in private. None: for ever; zero: not any more."""
    window = (can.rules.human_window or can.rules.window) if human else can.rules.window
    if window is None:
        return None
    last = conversation.last_private_at
    return max(timedelta(), last + window - now) if last else timedelta()


Rule = Callable[[Question], Refusal | None]
_PUBLIC: tuple[Rule, ...] = (
    _still_there, _opted_out, _attended, _target, _in_sight, _nothing_personal, _summoned, _once, _fits, _disclosed,
    _quiet, _second_person,
)  # fmt: skip
_PRIVATE: tuple[Rule, ...] = (
    _still_there, _opted_out, _thread_is_ours, _attended, _private_reply, _one_message,
    _disclosed, _quiet,
)  # fmt: skip
