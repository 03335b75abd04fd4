"""Makes outbound messages and their events, so that the two always tell the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from bot.core import policy
from bot.core.conversation import HELD_KEPT, IDS_KEPT, Answered, Conversation
from bot.core.events import AnswerHeld, AnyEvent, ReplyComposed, ThreadSolved
from bot.core.house import House
from bot.core.placing import written_out
from bot.core.policy import Refusal, Surfaces
from bot.core.ports import Notices, Utterance, Wordings
from bot.core.sla import QueueState, promise_minutes
from channels import fit
from channels.messages import ApprovedTemplate, Attachment, Button, OutboundMessage, Sender, Surface, Template


class Speech(msgspec.Struct, frozen=True):
    """What is needed to say anything: the system's sentences, the brand's rules, and what each channel can do.

    `links`: where a customer of a channel opens the private chat, "" when nowhere; `templates`: those that its
    platform approved.
    """

    notices: Notices
    wordings: Wordings
    house: House
    surfaces: Callable[[str], Surfaces]
    links: Callable[[str], str]
    templates: Callable[[str], Sequence[ApprovedTemplate]]

    def rules(self, channel: str) -> House:
        """The brand's rules on a channel. The way to its private chat is no customer's, though it may be a number."""
        link = self.links(channel)
        return replace(self.house, published=(*self.house.published, link)) if link else self.house


class Outgoing:
    """Collects what one decision says to one customer: the messages, their events, the buttons' meanings."""

    def __init__(
        self, speech: Speech, conversation: Conversation, now: datetime, asked_at: datetime | None = None
    ) -> None:
        self.conversation = conversation
        self.messages: list[OutboundMessage] = []
        self.events: list[AnyEvent] = []
        self._speech = speech
        self._surfaces = speech.surfaces(conversation.channel)
        self._rules = speech.rules(conversation.channel)
        self._now, self._asked_at = now, asked_at

    # ---- saying ------------------------------------------------------------------------------------

    def say(
        self, sender: Sender, text: str, *, surface: Surface | None = None, buttons: tuple[Button, ...] = (),
        image: str = "", in_reply_to: str = "", agent_id: str = "", agent_name: str = "", message_id: str = "",
        template: Template | None = None, proactive: bool = False, where: dict[str, str] | None = None,
        approved_by: str = "",
    ) -> str:  # fmt: skip
        """Queue one message at the conversation's present epoch, where the customer wrote last; its id.

        `where` replaces the address that follows from the conversation."""
        message_id = message_id or uuid4().hex
        message = replace(
            self._blank(message_id, surface, human=sender is Sender.AGENT),
            sender=sender,
            text=self._disclosing(sender, text, message_id),
            buttons=buttons,
            attachments=(Attachment(kind="image", url=image),) if image else (),
            in_reply_to=in_reply_to,
            agent_name=agent_name,
            template=template,
            proactive=proactive,
            approved_by=approved_by,
            **(where or {}),
        )
        self.messages.append(message)
        self.conversation = _noting(self.conversation, message)
        self.events.append(
            ReplyComposed(
                conversation=self.conversation.key,
                at=self._now,
                message_id=message_id,
                sender=sender,
                text=message.text or image,
                buttons=tuple(button.title for button in buttons),
                in_reply_to=in_reply_to,
                agent_id=agent_id,
                agent_name=agent_name,
                surface=message.surface,
                template=template.name if template else "",
            )
        )
        return message_id

    def utter(self, utterance: Utterance, in_reply_to: str) -> None:
        """Queue one thing that the assistant says. The platform gets short keys, the payloads stay with us."""
        message_id = uuid4().hex
        pairs = self._keyed(utterance, message_id)
        self.say(
            Sender.BOT, utterance.text, surface=Surface.PRIVATE, buttons=tuple(button for button, _ in pairs),
            image=utterance.image, in_reply_to=in_reply_to, message_id=message_id,
        )  # fmt: skip
        self.conversation = self.conversation.offering(pairs, apart=True)

    def utter_in_public(self, utterances: tuple[Utterance, ...], text: str, in_reply_to: str) -> None:
        """Queue the one public answer; the choices that it lists are remembered."""
        message_id = self.say(Sender.BOT, text, surface=Surface.PUBLIC, in_reply_to=in_reply_to)
        for utterance in utterances:
            self.conversation = self.conversation.offering(self._keyed(utterance, message_id))

    def utter_privately(self, utterances: tuple[Utterance, ...], in_reply_to: str) -> None:
        """Say it in the private thread, now if that is open, else as soon as the customer writes there."""
        where = self._private()
        if where.get("to"):
            self.warn()
            for utterance in utterances:
                self.utter(utterance, in_reply_to)
            return
        texts = written_out(utterances)
        if where and self.conversation.warning:
            texts = [self.conversation.warning, *texts]
            self.conversation = replace(self.conversation, warning="")
        if where:  # a private reply is one message, once
            can = self._surfaces[Surface.PRIVATE]
            room = can.text_limit - can.measure(self.prefix)
            first, *rest = fit.split("\n\n".join(texts), max(room, fit.SMALLEST_LIMIT), can.measure) or [""]
            message_id = self.say(Sender.BOT, first, surface=Surface.PRIVATE, in_reply_to=in_reply_to)
            for utterance in utterances:
                self.conversation = self.conversation.offering(self._keyed(utterance, message_id))
            texts = rest
        self.hold("\n\n".join(texts))

    def warn(self) -> None:
        """Say the warning that waits, as soon as there is a way to the customer in private."""
        text = self.conversation.warning
        if text and self._private() and not self.refusal(Sender.NOTICE, text, Surface.PRIVATE):
            self.conversation = replace(self.conversation, warning="")
            self.say(Sender.NOTICE, text, surface=Surface.PRIVATE)

    def hold(self, text: str) -> None:
        """Keep an answer, or what is left of it, that can't be said yet."""
        if text:
            self.conversation = replace(self.conversation, held=(*self.conversation.held, text)[-HELD_KEPT:])
            self.events.append(AnswerHeld(conversation=self.conversation.key, at=self._now, text=text))

    def release_held(self, in_reply_to: str) -> None:
        """The customer writes in private: now it can be said."""
        for text in self.conversation.held:
            self.say(Sender.BOT, text, surface=Surface.PRIVATE, in_reply_to=in_reply_to)
        self.conversation = replace(self.conversation, held=())

    def notice(
        self, name: str, /, *, in_reply_to: str = "", in_public: bool = False, proactive: bool = False,
        words: Mapping[str, object] | None = None,
    ) -> bool:  # fmt: skip
        """Queue one of the system's sentences; whether there was a place where it may be said.

        A customer who wrote in public is told in private where that is open; in public only what `in_public` allows,
        and only as far as the platform lets a program answer.
        """
        text = self._speech.notices.text(name, self.conversation.language, **(words or {}))
        return self._say_notice(text, in_reply_to=in_reply_to, in_public=in_public, proactive=proactive)

    def reassure(self, wording: str, in_reply_to: str) -> bool:
        """Say the approved sentence about a risk, once in an episode; whether it was said now."""
        conversation = self.conversation
        if wording in conversation.risk.acknowledged:
            return False
        text = self._speech.wordings.text(wording, conversation.language, conversation.channel, conversation.surface)
        if not self._say_notice(text, in_reply_to=in_reply_to, in_public=True):
            return False
        risk = self.conversation.risk
        self.conversation = replace(self.conversation, risk=replace(risk, acknowledged=(*risk.acknowledged, wording)))
        return True

    def _say_notice(self, text: str, *, in_reply_to: str, in_public: bool, proactive: bool = False) -> bool:
        surface = self.conversation.surface
        if surface is Surface.PUBLIC and not in_public:
            surface = Surface.PRIVATE
            if not self._private().get("to") or self._uncalled():
                return False
        if self.refusal(Sender.NOTICE, text, surface):
            return False
        self.say(Sender.NOTICE, text, surface=surface, in_reply_to=in_reply_to, proactive=proactive)
        return True

    def promise(self, name: str, queue: QueueState, in_reply_to: str = "", *, proactive: bool = False) -> None:
        """Queue a notice that tells how long it takes, or honestly that nobody knows, with the offer of a callback."""
        minutes = promise_minutes(queue)
        if self.conversation.surface is Surface.PUBLIC and name == "handoff":
            self.notice("handoff_public", in_reply_to=in_reply_to, in_public=True)
            return
        if minutes is not None:
            self.notice(name, in_reply_to=in_reply_to, proactive=proactive, words={"minutes": minutes})
            return
        if queue.opens_at is not None:
            opens = self._moment(queue.opens_at)
            told = self.notice(f"{name}_closed", in_reply_to=in_reply_to, proactive=proactive, words={"opens": opens})
        else:
            told = self.notice(f"{name}_no_promise", in_reply_to=in_reply_to, proactive=proactive)
        held = self.conversation.handoff
        if not told or held is None or held.callback_offered or self.conversation.callback is not None:
            return
        if self.notice("offer_callback", in_reply_to=in_reply_to, proactive=proactive):
            self.conversation = replace(self.conversation, handoff=replace(held, callback_offered=True))

    def _moment(self, at: datetime) -> str:
        """Day and hour as the customer says them: the desk's own time, in their language."""
        days = self._speech.notices.text("weekdays", self.conversation.language).split()
        return f"{days[at.weekday()]} {at:%H:%M}"

    def point_to_private(self, in_reply_to: str) -> bool:
        """Tell in public that the answer is in private, or how the customer gets there; whether that may be told."""
        if self._private():
            return self.notice("moved_private", in_reply_to=in_reply_to, in_public=True)
        link = self._speech.links(self.conversation.channel)
        name = "invite_private_link" if link and self._link_fits(link) else "invite_private"
        return self.notice(name, in_reply_to=in_reply_to, in_public=True, words={"link": link})

    def solve(self, sender: Sender, agent_id: str = "", agent_name: str = "") -> None:
        """Close every open public thread of the case visibly, as far as the platform lets this sender."""
        roots: list[str] = []
        for thread in self.conversation.public:
            if thread.solved:
                continue
            text = self._speech.notices.text("solved_public", self.conversation.language)
            where = {"reply_to": thread.last_id, "root": thread.root}
            if not self.refusal(sender, text, Surface.PUBLIC, where):
                self.say(sender, text, surface=Surface.PUBLIC, agent_id=agent_id, agent_name=agent_name, where=where)
                roots.append(thread.root)
        self._mark_solved(roots)

    def solved(self) -> None:
        """The thread that the customer wrote in last was closed by the answer itself."""
        if self.conversation.thread is not None and not self.conversation.thread.solved:
            self._mark_solved([self.conversation.thread.root])

    def hide(self, external_id: str) -> bool:
        """Queue that a public message of the customer's is taken out of everybody's sight; whether the platform can."""
        public = self._surfaces.get(Surface.PUBLIC)
        if public is None or public.hiding is None or not self.conversation.hidable(external_id):
            return False
        blank = self._blank(uuid4().hex, Surface.PUBLIC)
        self.messages.append(replace(blank, kind="hide", sender=Sender.NOTICE, reply_to=external_id))
        hidden = (*self.conversation.hidden, external_id)[-IDS_KEPT:]
        self.conversation = replace(self.conversation, hidden=hidden)
        return True

    def acknowledge(self, callback: str) -> None:
        """Queue the platform's confirmation of a tapped button."""
        self.messages.append(replace(self._blank(uuid4().hex), kind="acknowledge", acknowledge=callback))

    def take_back(self, message_id: str) -> None:
        """This message never reached the platform: what it told, and what it was allowed for, is still open."""
        conversation = self.conversation
        told = conversation.disclosed_in == message_id and self._speech.notices.text(
            "disclosure", conversation.language
        )
        self.conversation = replace(
            conversation,
            disclosed_in="" if told else conversation.disclosed_in,
            answered=_without(conversation.answered, message_id),
            private_replies=_without(conversation.private_replies, message_id),
        )

    def take_events(self) -> list[AnyEvent]:
        """The events collected since the last call."""
        taken, self.events = self.events, []
        return taken

    # ---- may it be said ----------------------------------------------------------------------------

    def refusal(
        self, sender: Sender, text: str, surface: Surface, where: dict[str, str] | None = None
    ) -> Refusal | None:
        """What would forbid to say this there, as things stand."""
        trial = replace(
            self._blank("trial", surface, human=sender is Sender.AGENT), sender=sender, text=text, **(where or {})
        )
        known = (
            self.conversation if self.conversation.disclosed_in else replace(self.conversation, disclosed_in="trial")
        )
        verdict = policy.decide(trial, _noting(known, trial), self._surfaces, self._rules, self._now)
        return verdict if isinstance(verdict, Refusal) else None

    # ---- inside ------------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        """What the first automated message begins with: that a program answers."""
        if self.conversation.disclosed_in:
            return ""
        words = self._speech.notices.text("disclosure", self.conversation.language)
        return f"{words} " if words else ""

    def _disclosing(self, sender: Sender, text: str, message_id: str) -> str:
        if sender is Sender.AGENT or self.conversation.disclosed_in:
            return text
        prefix = self.prefix
        self.conversation = replace(self.conversation, disclosed_in=message_id)
        return prefix + text

    def _private(self, *, human: bool = False) -> dict[str, str]:
        """The way to the customer's private thread: {} when there is none now. A person may write for longer."""
        conversation = self.conversation
        can = self._surfaces.get(Surface.PRIVATE)
        if can is None or conversation.elsewhere:
            return {}
        to = conversation.private_to
        if not to and conversation.surface is Surface.PRIVATE:
            to = conversation.customer.address or conversation.customer.external_id
        left = policy.window_left(conversation, can, self._now, human=human)
        if to and (left is None or left > timedelta()):
            return {"to": to}
        public, thread = self._surfaces.get(Surface.PUBLIC), conversation.thread
        rule = public.rules.private_reply if public else None
        if rule is None or thread is None or conversation.private_replies_to(thread.last_id):
            return {}
        if not conversation.takes_private_reply(thread.last_id):
            return {}
        return {"entry": thread.last_id} if self._now - thread.at <= rule.within else {}

    def _uncalled(self) -> bool:
        """Whether the customer's last public words did not ask the brand, where a program must have been asked."""
        public, thread = self._surfaces.get(Surface.PUBLIC), self.conversation.thread
        if public is None or thread is None or not public.rules.summoned_only:
            return False
        return thread.last_id in self.conversation.unsummoned

    def _mark_solved(self, roots: list[str]) -> None:
        if not roots:
            return
        threads = tuple(
            replace(thread, solved=True) if thread.root in roots else thread for thread in self.conversation.public
        )
        self.conversation = replace(self.conversation, public=threads)
        self.events.append(ThreadSolved(conversation=self.conversation.key, at=self._now, roots=tuple(roots)))

    def _link_fits(self, link: str) -> bool:
        can = self._surfaces.get(Surface.PUBLIC)
        if can is None:
            return False
        text = self._speech.notices.text("invite_private_link", self.conversation.language, link=link)
        return can.links and can.measure(self.prefix + text) <= can.text_limit

    def _keyed(self, utterance: Utterance, message_id: str) -> tuple[tuple[Button, str], ...]:
        start = len(self.conversation.offered)
        return tuple(
            (Button(key=f"{message_id[:12]}.{start + number}", title=title), payload)
            for number, (title, payload) in enumerate(utterance.buttons)
        )

    def _blank(self, message_id: str, surface: Surface | None = None, *, human: bool = False) -> OutboundMessage:
        """An addressed message that says nothing yet."""
        conversation = self.conversation
        surface = surface or conversation.surface
        where: dict[str, Any]
        if surface is Surface.PUBLIC:
            thread = conversation.thread
            where = {"reply_to": thread.last_id, "root": thread.root} if thread else {}
        else:
            in_private = conversation.surface is Surface.PRIVATE
            fallback = conversation.customer.address or conversation.customer.external_id if in_private else ""
            where = self._private(human=human) or {"to": conversation.private_to or fallback}
            where = {"reply_to": conversation.last_inbound_id if in_private else "", **where}
        return OutboundMessage(
            message_id=message_id,
            channel=conversation.channel,
            thread_id=conversation.thread_id,
            customer=conversation.customer,
            surface=surface,
            created_at=self._now,
            epoch=conversation.epoch,
            asked_at=self._asked_at,
            **where,
        )


def _noting(conversation: Conversation, message: OutboundMessage) -> Conversation:
    """Remember automatic public answers and private replies: the platforms allow one to each message."""
    if message.surface is Surface.PUBLIC and message.sender is not Sender.AGENT:
        answered = (*conversation.answered, Answered(message.reply_to, message.message_id))[-IDS_KEPT:]
        return replace(conversation, answered=answered)
    if message.entry:
        replies = (*conversation.private_replies, Answered(message.entry, message.message_id))[-IDS_KEPT:]
        return replace(conversation, private_replies=replies)
    return conversation


def _without(answers: tuple[Answered, ...], message_id: str) -> tuple[Answered, ...]:
    return tuple(answer for answer in answers if answer.message_id != message_id)
