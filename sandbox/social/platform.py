"""One platform: its people, posts and entries, its clock, and the hooks that a vendor's payloads are made in."""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec

from sandbox.social.delivery import Event, Outlet
from sandbox.social.dials import SocialDials
from sandbox.social.model import BRAND, BRAND_APP, PRIVATE, PUBLIC, Brand, Entry, Person, Post
from sandbox.social.screen import Screen

_MOST_VIOLATIONS = 1_000
# How long after a private message of the brand its customer's phone has it, and shows it.
_STATUS_AFTER_S = {"sent": 0.0, "delivered": 0.1, "read": 0.3}


class Platform(ABC):
    """A subclass says what the vendor does; all of its state is in memory and is gone when the sandbox stops.

    Every `event_…` hook returns the payloads (often one, sometimes several or none) that the vendor would send for
    what just happened; `pack` puts some of them into one webhook body, `sign` gives its headers.
    """

    name: ClassVar[str]
    surfaces: ClassVar[tuple[str, ...]] = (PUBLIC, PRIVATE)
    # What a person who writes has to keep to, by surface: {"length", "unit": characters|bytes|weighted}.
    limits: ClassVar[dict[str, dict[str, Any]]] = {}
    # Events that one webhook call of this vendor can carry.
    batch_limit: ClassVar[int] = 1
    # Receipts that the vendor sends for a private message of the brand: of sent, delivered, read.
    statuses: ClassVar[tuple[str, ...]] = ()
    # Whether the brand's people have an inbox that threads can be passed to.
    has_control: ClassVar[bool] = False
    # Whether a customer's new public entry is a post of their own, not a comment on one of the brand's.
    own_posts: ClassVar[bool] = False
    # Whether it tells how many followers somebody has, and who is verified.
    tells_reach: ClassVar[bool] = False

    def __init__(
        self,
        brand: Brand,
        *,
        posts: Sequence[Post] = (),
        people: Sequence[Person] = (),
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self.brand = brand
        self.posts = {post.id: post for post in posts}
        self.people = {person.id: person for person in people}
        self.entries: dict[str, Entry] = {}
        self.dials = SocialDials()
        self.chance = chance or random.Random()
        self.screen = Screen(self.name)
        self.outlet = Outlet(self.dials, self.chance, self.pack, self.sign, self.batch_limit)
        self.violations: list[dict[str, Any]] = []
        self.violation_count = 0
        # Sends that were refused because there were too many.
        self.limited = 0
        # When each customer last did something in private that opens the messaging window (epoch milliseconds).
        self.wrote_at: dict[str, int] = {}
        # Who holds a customer's thread: missing means the program ("us"), else "inbox".
        self.owners: dict[str, str] = {}
        self.revoked = False
        # Echoes of what the program just sent: the door delivers them before or after its answer.
        self.echoes: list[tuple[str, Any]] = []
        self._clock = clock
        self._threads: dict[str, list[Entry]] = {}
        self._receipts: deque[tuple[float, asyncio.TimerHandle]] = deque()  # due time and timer

    # For a vendor to implement

    @abstractmethod
    def new_id(self, surface: str, post: str = "") -> str:
        """An id for a new entry, in the vendor's spelling; `post` is what a comment hangs on."""

    @abstractmethod
    def new_person_id(self) -> str:
        """An id for a customer who joins."""

    @abstractmethod
    def pack(self, contents: list[Any]) -> bytes:
        """One webhook body with these events."""

    @abstractmethod
    def sign(self, body: bytes) -> dict[str, str]:
        """The headers that go with the body."""

    def welcome(self, person: Person) -> None:
        """What the platform adds to a customer who joins."""

    def prepare(self, entry: Entry) -> None:
        """The platform's touch on what a person composed, before it stands anywhere; raises ApiProblem to refuse it."""

    def event_message(self, entry: Entry) -> list[Any]:
        """A customer wrote."""
        return []

    def event_edit(self, entry: Entry) -> list[Any]:
        """A customer changed an entry."""
        return []

    def event_delete(self, entry: Entry) -> list[Any]:
        """A customer took an entry back."""
        return []

    def event_tap(self, entry: Entry, tapped: Entry, button: dict[str, Any]) -> list[Any]:
        """A customer tapped `button` under `tapped`; `entry` is what the tap put on the screen."""
        return []

    def event_reaction(self, entry: Entry, emoji: str) -> list[Any]:
        """A customer reacted to an entry; "" takes the reaction back."""
        return []

    def event_own(self, entry: Entry, by_app: bool) -> list[Any]:
        """The brand wrote: the program through the API (`by_app`), or a person in the platform's own app."""
        return []

    def event_status(self, entry: Entry, status: str) -> list[Any]:
        """A private message of the brand was sent, delivered or read."""
        return []

    def event_control(self, customer: str, to: str) -> list[Any]:
        """The customer's thread went to "us" or to the "inbox"."""
        return []

    def event_revoke(self) -> list[Any]:
        """The brand withdrew the program's access."""
        return []

    def wants(self, content: Any) -> bool:
        """Whether the receiver subscribed to events of this kind."""
        return True

    def unsubscribe(self) -> None:
        """Lose the webhook subscription, without a word."""
        self.outlet.point_to("")

    def webhook(self) -> dict[str, Any]:
        """The webhook's state for people to read."""
        return {"url": self.outlet.url, "last_error": self.outlet.last_error}

    # Time and ids

    def now(self) -> float:
        """The platform's clock, epoch seconds."""
        return self._clock() + self.dials.clock_offset_h * 3600

    def now_ms(self) -> int:
        """The platform's clock, epoch milliseconds."""
        return int(self.now() * 1000)

    # What happens

    def add(self, entry: Entry) -> Entry:
        """Put a new entry on the screens."""
        entry.at = entry.at or self.now_ms()
        self.entries[entry.id] = entry
        if entry.root:
            self._threads.setdefault(entry.root, []).append(entry)
        if entry.surface == PRIVATE and entry.by_customer:
            self.wrote_at[entry.customer] = entry.at
        self.show(entry, "new")
        return entry

    def show(self, entry: Entry, change: str, **more: Any) -> dict[str, Any]:
        """Log how the entry looks after a change: new, edit, delete, hide, reaction or status."""
        seen = msgspec.to_builtins(entry)
        del seen["extra"]
        person = self.people.get(entry.customer)
        name = (person.name if person else "") if entry.by_customer else self.brand.name
        return self.screen.add({"change": change, "name": name, **seen, **more})

    def emit(self, lane: str, contents: Sequence[Any]) -> list[Event]:
        """Tell the receiver, in this order for this lane."""
        return [self.outlet.send(lane, content) for content in contents if self.wants(content)]

    def say(self, entry: Entry) -> Entry:
        """The program wrote this through the API. Its echo waits in `echoes` for the door; receipts follow."""
        entry.author = BRAND
        if entry.surface == PRIVATE and self.statuses:
            entry.status = "sent"
        self.add(entry)
        told = self.event_own(entry, by_app=True)
        self.echoes += [(entry.customer, content) for content in told if self.wants(content)]
        if entry.status:
            self._send_receipts(entry)
        return entry

    def say_in_app(self, entry: Entry) -> Entry:
        """A person of the brand wrote this in the platform's own app."""
        entry.author = BRAND_APP
        self.add(entry)
        self.emit(entry.customer, self.event_own(entry, by_app=False))
        return entry

    def hide(self, entry: Entry, hidden: bool) -> None:
        """The brand hid or showed a public entry."""
        entry.hidden = hidden
        self.show(entry, "hide")

    def remove(self, entry: Entry) -> None:
        """Take an entry off the screens; it is remembered as deleted."""
        entry.deleted = True
        self.show(entry, "delete")

    def type(self, customer: str) -> None:
        """The brand is typing."""
        self.screen.announce("typing", {"customer": customer})

    def violate(self, rule: str, *, customer: str = "", entry: str = "") -> bool:
        """Count a call that broke a rule of the platform. Returns whether the platform refuses such calls."""
        self.violation_count += 1
        found = {"rule": rule, "customer": customer, "entry": entry, "at": self.now_ms()}
        if len(self.violations) < _MOST_VIOLATIONS:
            self.violations.append(found)
        self.screen.announce("violation", {**found, "count": self.violation_count})
        return self.dials.window_check

    def hours_since_wrote(self, customer: str) -> float:
        """Hours since the customer last wrote in private; infinite when never."""
        at = self.wrote_at.get(customer)
        return float("inf") if at is None else (self.now_ms() - at) / 3_600_000

    def thread(self, root: str) -> list[Entry]:
        """The entries of a public thread, oldest first, without the deleted ones."""
        return [entry for entry in self._threads.get(root, []) if not entry.deleted]

    def describe(self) -> dict[str, Any]:
        """The platform for the list of platforms."""
        return {
            "name": self.name,
            "brand": msgspec.to_builtins(self.brand),
            "surfaces": list(self.surfaces),
            "posts": [msgspec.to_builtins(post) for post in self.posts.values()],
            "people": [msgspec.to_builtins(person) for person in self.people.values()],
            "limits": self.limits,
            "control": self.has_control,
            "reach": self.tells_reach,
            "owners": self.owners,
            "revoked": self.revoked,
            "violations": self.violation_count,
            "seq": self.screen.log.last_seq,
        }

    async def close(self) -> None:
        """Stop delivering."""
        for _, timer in self._receipts:
            timer.cancel()
        await self.outlet.close()

    def _send_receipts(self, entry: Entry) -> None:
        def reach(status: str) -> None:
            if status != entry.status:
                entry.status = status
                self.show(entry, "status")
            self.emit(entry.customer, self.event_status(entry, status))

        loop = asyncio.get_running_loop()
        for status in self.statuses:
            due = loop.time() + _STATUS_AFTER_S[status]
            # The time is kept beside it, because uvloop's timers don't tell theirs.
            self._receipts.append((due, loop.call_at(due, reach, status)))
        while self._receipts and self._receipts[0][0] < loop.time():
            self._receipts.popleft()
