"""Everything that the desk needs, handed in by whoever starts it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.archive_ports import Archive, AuditTrail, Links
from bot.core.conversation import Conversation
from bot.core.packet import Knowledge
from bot.core.ports import Agent, Clock, ConversationStore, EventStream
from bot.services.approve import Approvals
from bot.services.handoff import Outlook
from bot.services.people import People
from bot.services.route import Floor
from channels.messages import ApprovedTemplate, Surface


class DeskActions(Protocol):
    """What a person may do with a conversation: `services.handoff.DeskService`.

    Raises TakenBy or NotYours (services.handoff) when somebody else has it, NoSuchConversation, BadReply,
    NotPermitted.
    """

    async def claim(self, key: str, agent: Agent) -> Conversation: ...

    async def reply(
        self, key: str, agent: Agent, text: str, client_id: str, *, surface: Surface | None = None
    ) -> str: ...

    async def send_template(
        self, key: str, agent: Agent, name: str, language: str, parameters: Sequence[str], client_id: str
    ) -> str: ...

    def outlook(self, conversation: Conversation) -> Mapping[Surface, Outlook]: ...

    def templates(self, conversation: Conversation) -> Sequence[ApprovedTemplate]: ...

    async def note(self, key: str, agent: Agent, text: str) -> object: ...

    async def give_back(self, key: str, agent: Agent) -> object: ...

    async def close(self, key: str, agent: Agent) -> object: ...

    async def release(self, key: str, agent: Agent, holder: str | None = None) -> object: ...

    async def typing(self, key: str, agent: Agent) -> object: ...

    async def claim_next(self, agent: Agent) -> Conversation | None: ...


@dataclass(frozen=True, kw_only=True)
class DeskDoor:
    """`demo_logins`: (login, password) pairs that the log-in page shows. `secure_cookies`: the desk is
    reached over https, whatever the connection to this process is."""

    desk: DeskActions
    store: ConversationStore
    events: EventStream
    people: People
    archive: Archive
    clock: Clock
    approvals: Approvals
    floor: Floor
    trail: AuditTrail
    links: Links
    knowledge: Knowledge
    # Channels that are not well: name, what is wrong, what to do.
    ill: Callable[[], Awaitable[Sequence[tuple[str, str, str]]]]
    demo_logins: Sequence[tuple[str, str]] = ()
    secure_cookies: bool = False
    heartbeat_s: float = 10.0  # how often an open desk is told, and tells, that it is alive
