"""Takes note of one inbound item: what it changes, whoever owns the conversation, and whether it asks for an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import IDS_KEPT, Conversation, Owner
from bot.core.echo import under_root
from bot.core.house import House
from bot.core.ports import InboundItem, SendLog
from channels import errors
from channels import messages as m

# Nothing that we say would arrive, so a notice would only fail as well.
UNSPEAKABLE = (errors.RecipientGone, errors.WindowClosed, errors.OwnedElsewhere)
_UNSPEAKABLE_NAMES = frozenset(kind.__name__ for kind in UNSPEAKABLE)


@dataclass
class Heard:
    """What an item amounts to. `events` come before a change of owner that it brings, `then` after it."""

    conversation: Conversation
    events: list[e.AnyEvent] = field(default_factory=list)
    then: list[e.AnyEvent] = field(default_factory=list)
    asks: bool = False
    said: str | None = None  # words that triage has to read
    taken_by: str | None = None  # a person answered in the platform's own app
    given_back: bool = False
    opted: bool | None = None  # out of automatic messages, or in again
    lost: str = ""  # why a message of ours did not arrive
    reachable: bool = True


async def hear(item: InboundItem, conversation: Conversation, sends: SendLog, house: House, now: datetime) -> Heard:
    """Reads the send log only to tell our own echoes from a person's words."""
    heard = Heard(conversation)
    key = conversation.key
    match item:
        case m.MessageReceived() | m.ButtonTapped():
            _words(heard, item, house, now)
        case m.HumanEcho():
            await _echo(heard, item, sends)
        case m.OwnEcho(message_id=call) if call:
            await _confirmed(heard, item, call, item.external_id, sends)
        case m.Receipt():
            await _receipt(heard, item, sends)
        case m.MessageEdited():
            heard.said = item.text or None
            heard.events.append(
                e.CustomerEdited(conversation=key, at=item.at, external_id=item.external_id, text=item.text)
            )
        case m.MessageDeleted():
            heard.conversation = replace(conversation, deleted=(*conversation.deleted, item.external_id)[-IDS_KEPT:])
            heard.events.append(e.CustomerDeleted(conversation=key, at=item.at, external_id=item.external_id))
        case m.Reacted():
            if item.surface is m.Surface.PRIVATE:
                heard.conversation = conversation.reached_privately(item)
            heard.events.append(
                e.CustomerReacted(conversation=key, at=item.at, external_id=item.external_id, emoji=item.emoji)
            )
        case m.Reachability():
            heard.conversation = replace(conversation, reachable=item.reachable)
            heard.events.append(e.ReachabilityChanged(conversation=key, at=item.at, reachable=item.reachable))
        case m.ControlPassed():
            _control(heard, item)
        case _:
            pass  # timers ring later
    return heard


def _words(heard: Heard, item: m.MessageReceived | m.ButtonTapped, house: House, now: datetime) -> None:
    standby = isinstance(item, m.MessageReceived) and item.standby
    if heard.conversation.owner is Owner.CLOSED and not standby:
        heard.conversation, reopened = handoff.reopen(heard.conversation, now)
        heard.events.append(reopened)
    before = heard.conversation
    heard.conversation = before.heard(item, item.external_id)
    attachments: tuple[m.Attachment, ...] = ()
    link = ""
    tagged: tuple[str, ...] = ()
    if isinstance(item, m.ButtonTapped):
        choice = before.choice(item.button)
        text = choice.title if choice else item.title
    else:
        # A deep link's topic is part of what was said; an advertisement's number is not.
        text = f"{item.text} {item.referral}" if item.text == "/start" and item.referral else item.text
        attachments = item.attachments
        link, tagged = item.link, item.tagged
    if isinstance(item, m.MessageReceived) and item.text.strip():
        heard.said = item.text
    heard.events.append(
        e.CustomerWrote(
            conversation=before.key,
            at=item.at,
            event_id=item.event_id,
            external_id=item.external_id,
            text=text,
            attachments=attachments,
            customer_name=heard.conversation.customer.name,
            surface=item.surface,
            link=link,
            tagged=tagged,
        )
    )
    if standby:
        if not before.elsewhere:
            heard.conversation = replace(heard.conversation, elsewhere="another app")
            heard.events.append(e.ControlChanged(conversation=before.key, at=item.at, app="another app"))
        return
    if item.external_id in before.deleted:
        heard.events.append(e.CustomerDeleted(conversation=before.key, at=item.at, external_id=item.external_id))
        heard.said = None
        return  # the deletion overtook it: nobody is waiting for an answer any more
    since = before.elsewhere_since
    if before.elsewhere and item.surface is m.Surface.PRIVATE and (since is None or item.at > since):
        # It came as an ordinary message, so the thread is ours again, whether or not we were told.
        heard.conversation = replace(heard.conversation, elsewhere="")
        heard.given_back = True
        heard.events.append(e.ControlChanged(conversation=before.key, at=item.at, app=""))
    if house.opts_out(text):
        heard.opted = True
    elif before.opted_out and house.opts_in(text):
        heard.opted = False
    heard.asks = True


async def _echo(heard: Heard, item: m.HumanEcho, sends: SendLog) -> None:
    if item.maybe_ours:
        # Under a public message several customers' cases meet: ours may have been said to another of them.
        places = [heard.conversation.key, *([under_root(item.channel, item.root)] if item.root else [])]
        # An id is certain, the same words may have been said to both.
        for place, text in [(place, text) for text in (None, item.text) for place in places]:
            call = await sends.whose(place, item.external_id, text)
            if call and place == heard.conversation.key:
                await _confirmed(heard, item, call, item.external_id, sends)
            elif call:
                await sends.confirm(place, call, item.external_id)
            if call:
                return
    name = item.author or "platform app"
    heard.taken_by = name
    message_id = f"echo-{item.external_id}"
    heard.then += [
        e.ReplyComposed(
            conversation=heard.conversation.key,
            at=item.at,
            message_id=message_id,
            sender=m.Sender.AGENT,
            text=item.text,
            agent_name=name,
            surface=item.surface,
        ),
        e.ReplySent(
            conversation=heard.conversation.key,
            at=item.at,
            message_id=message_id,
            external_ids=(item.external_id,),
        ),
    ]


async def _confirmed(heard: Heard, item: m.Event, call: str, external_id: str, sends: SendLog) -> None:
    """The platform has what we sent: whoever is in doubt about it need not ask any more."""
    if await sends.confirm(heard.conversation.key, call, external_id):
        heard.events.append(
            e.ReplySent(
                conversation=heard.conversation.key,
                at=item.at,
                message_id=call.rpartition("/")[0] or call,
                external_ids=(external_id,),
            )
        )


async def _receipt(heard: Heard, item: m.Receipt, sends: SendLog) -> None:
    if item.status != "failed":
        if item.message_id and item.external_ids:
            await _confirmed(heard, item, item.message_id, item.external_ids[0], sends)
        return
    call = item.message_id
    if not call and item.external_ids:
        call = await sends.whose(heard.conversation.key, item.external_ids[0])
    if not call:
        return
    detail = item.detail or item.error or "the platform could not deliver it"
    heard.events.append(
        e.ReplyFailed(
            conversation=heard.conversation.key,
            at=item.at,
            message_id=call.rpartition("/")[0] or call,
            error=item.error or "Rejected",
            detail=detail,
            code=item.code,
        )
    )
    heard.lost, heard.reachable = detail, item.error not in _UNSPEAKABLE_NAMES
    if item.error == errors.RecipientGone.__name__:
        heard.conversation = replace(heard.conversation, reachable=False)


def _control(heard: Heard, item: m.ControlPassed) -> None:
    """Another app got the thread: whoever is there answers. We got it back: they are done."""
    app = "" if item.to_us else item.app or "another app"
    heard.conversation = replace(heard.conversation, elsewhere=app, elsewhere_since=item.at if app else None)
    heard.events.append(e.ControlChanged(conversation=heard.conversation.key, at=item.at, app=app))
    if item.to_us:
        heard.given_back = True
    elif heard.conversation.owner is not Owner.CLOSED:
        heard.taken_by = item.app or "another app"
