"""Makes outbound messages and their events, so that the two always tell the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from bot.core.conversation import Conversation
from bot.core.events import AnyEvent, ReplyComposed
from bot.core.ports import Notices, Timer, TimerFired, Utterance
from bot.core.sla import QueueState, promise_minutes
from channels.messages import Attachment, Button, Event, OutboundMessage, Sender

HANDOFF_TIMER = "handoff_due"


class Outgoing:
    """Collects what one decision says to one conversation: the messages, their events, the buttons' meanings."""

    def __init__(self, conversation: Conversation, now: datetime, asked_at: datetime | None = None) -> None:
        self.conversation = conversation
        self.messages: list[OutboundMessage] = []
        self.events: list[AnyEvent] = []
        self._now = now
        self._asked_at = asked_at

    def say(
        self, sender: Sender, text: str, *, buttons: tuple[Button, ...] = (), image: str = "", in_reply_to: str = "",
        agent_id: str = "", agent_name: str = "", message_id: str = "",
    ) -> str:  # fmt: skip
        """Queue one message at the conversation's present epoch; its id."""
        message_id = message_id or uuid4().hex
        attachments = (Attachment(kind="image", url=image),) if image else ()
        self.messages.append(
            replace(
                self._blank(message_id),
                sender=sender,
                text=text,
                buttons=buttons,
                attachments=attachments,
                in_reply_to=in_reply_to,
                agent_name=agent_name,
                reply_to=self.conversation.last_inbound_id,
            )
        )
        self.events.append(
            ReplyComposed(
                conversation=self.conversation.key,
                at=self._now,
                message_id=message_id,
                sender=sender,
                text=text or image,
                buttons=tuple(button.title for button in buttons),
                in_reply_to=in_reply_to,
                agent_id=agent_id,
                agent_name=agent_name,
            )
        )
        return message_id

    def utter(self, utterance: Utterance, in_reply_to: str) -> None:
        """Queue one thing that the assistant says. The platform gets short keys, the payloads stay with us."""
        message_id = uuid4().hex
        pairs = tuple(
            (Button(key=f"{message_id[:12]}.{number}", title=title), payload)
            for number, (title, payload) in enumerate(utterance.buttons)
        )
        buttons = tuple(button for button, _ in pairs)
        self.say(
            Sender.BOT, utterance.text, buttons=buttons, image=utterance.image, in_reply_to=in_reply_to,
            message_id=message_id,
        )  # fmt: skip
        self.conversation = self.conversation.offering(pairs)

    def take_events(self) -> list[AnyEvent]:
        """The events collected since the last call."""
        taken, self.events = self.events, []
        return taken

    def acknowledge(self, callback: str) -> None:
        """Queue the platform's confirmation of a tapped button."""
        self.messages.append(replace(self._blank(uuid4().hex), kind="acknowledge", acknowledge=callback))

    def promise(self, notices: Notices, name: str, queue: QueueState, in_reply_to: str = "") -> None:
        """Queue a notice that tells how long it takes, or honestly that nobody knows."""
        minutes = promise_minutes(queue)
        text = (
            notices.text(f"{name}_no_promise", self.conversation.language)
            if minutes is None
            else notices.text(name, self.conversation.language, minutes=minutes)
        )
        self.say(Sender.NOTICE, text, in_reply_to=in_reply_to)

    def _blank(self, message_id: str) -> OutboundMessage:
        """An addressed message that says nothing yet."""
        conversation = self.conversation
        return OutboundMessage(
            message_id=message_id,
            channel=conversation.channel,
            thread_id=conversation.thread_id,
            customer=conversation.customer,
            surface=conversation.surface,
            created_at=self._now,
            epoch=conversation.epoch,
            asked_at=self._asked_at,
        )


def typing_sign(
    where: Conversation | Event, now: datetime, sender: Sender = Sender.BOT, agent_name: str = ""
) -> OutboundMessage:
    """The signal that somebody is writing in this conversation. Kept nowhere: it goes through ports.Signals."""
    return OutboundMessage(
        message_id=uuid4().hex,
        kind="typing",
        channel=where.channel,
        thread_id=where.thread_id,
        customer=where.customer,
        created_at=now,
        sender=sender,
        agent_name=agent_name,
    )


def handoff_timer(conversation: Conversation, now: datetime, after: timedelta) -> Timer:
    """Rings in the conversation's own mailbox when nobody has taken the handoff in time."""
    fired = TimerFired(
        channel=conversation.channel,
        event_id=f"{HANDOFF_TIMER}:{conversation.epoch}",
        thread_id=conversation.thread_id,
        at=now + after,
        customer=conversation.customer,
        name=HANDOFF_TIMER,
        epoch=conversation.epoch,
    )
    return Timer(
        timer_id=handoff_timer_id(conversation.key),
        key=conversation.key,
        due_at=now + after,
        body=msgspec.json.encode(fired),
    )


def handoff_timer_id(key: str) -> str:
    return f"{HANDOFF_TIMER}:{key}"
