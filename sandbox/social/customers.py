"""What people do on a platform: its customers, and the brand's people in the platform's own app."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import msgspec

from sandbox.http import ApiProblem
from sandbox.social.model import BRAND_APP, CUSTOMER, PRIVATE, PUBLIC, Entry, Person
from sandbox.social.platform import Platform

_MOST_AT_ONCE = 10_000


class Customers:
    """Acts for the people of one platform. What can't be done raises ApiProblem with the reason."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def join(
        self,
        person_id: str = "",
        name: str = "",
        username: str = "",
        phone: str = "",
        *,
        followers: int | None = None,
        verified: bool | None = None,
    ) -> Person:
        """A new customer, or a known one with new details."""
        platform = self._platform
        person = platform.people.get(person_id)
        if person is None:
            person_id = person_id or platform.new_person_id()
            name = name.strip() or f"Customer {person_id[-4:]}"
            handle = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "customer"
            person = Person(person_id, name, f"{handle[:20]}{person_id[-3:]}")
            platform.welcome(person)
            platform.people[person_id] = person
        person.name = name.strip() or person.name
        person.username = username or person.username
        person.phone = phone or person.phone
        person.followers = person.followers if followers is None else followers
        person.verified = person.verified if verified is None else verified
        platform.screen.announce("person", msgspec.to_builtins(person))
        return person

    def write(
        self,
        customer: str,
        surface: str,
        text: str,
        *,
        reply_to: str = "",
        post: str = "",
        tags: tuple[str, ...] = (),
        image: str = "",
        engagement: int = 0,
    ) -> Entry:
        """A customer writes a private message, a new comment or post, or an answer in a public thread.

        `engagement`: so many others liked it before the platform told of it.
        """
        entry = self._compose(customer, surface, CUSTOMER, text, reply_to=reply_to, post=post, tags=tags, image=image)
        entry.engagement = engagement
        platform = self._platform
        platform.emit(customer, platform.event_message(platform.add(entry)))
        return entry

    def many(self, count: int, text: str = "") -> list[Entry]:
        """So many new customers write once each, and their messages arrive in as few webhook calls as possible."""
        if not 1 <= count <= _MOST_AT_ONCE:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"count must be between 1 and {_MOST_AT_ONCE}")
        platform = self._platform
        surface = PRIVATE if PRIVATE in platform.surfaces else PUBLIC
        events: list[tuple[str, Any]] = []
        written = []
        for number in range(1, count + 1):
            person = self.join(name=f"Customer {number}")
            words = text.replace("{n}", str(number)) or f"Hello, this is message {number}"
            entry = platform.add(self._compose(person.id, surface, CUSTOMER, words))
            written.append(entry)
            told = platform.event_message(entry)
            events += [(person.id, content) for content in told if platform.wants(content)]
        platform.outlet.send_together(events)
        return written

    def edit(self, entry_id: str, text: str) -> Entry:
        """A customer changes the text of an entry of their own."""
        platform, entry = self._platform, self._own(entry_id)
        entry.text = self._text(text)
        entry.edited += 1
        platform.show(entry, "edit")
        platform.emit(entry.customer, platform.event_edit(entry))
        return entry

    def delete(self, entry_id: str) -> Entry:
        """A customer takes an entry of their own back."""
        platform, entry = self._platform, self._own(entry_id)
        platform.remove(entry)
        platform.emit(entry.customer, platform.event_delete(entry))
        return entry

    def react(self, entry_id: str, emoji: str) -> Entry:
        """The customer whose case it is reacts to an entry; "" takes the reaction back."""
        platform, entry = self._platform, self._entry(entry_id)
        if entry.surface == PRIVATE:
            platform.wrote_at[entry.customer] = platform.now_ms()
        events = platform.event_reaction(entry, emoji)
        entry.reaction = emoji
        platform.show(entry, "reaction", emoji=emoji)
        platform.emit(entry.customer, events)
        return entry

    def tap(self, customer: str, entry_id: str, key: str) -> Entry:
        """A customer taps a button under the brand's entry; what the tap says stands on the screen as their message."""
        platform, tapped = self._platform, self._entry(entry_id)
        if tapped.customer != customer:
            raise ApiProblem(HTTPStatus.FORBIDDEN, "that message is another customer's")
        button = next((button for button in tapped.buttons if button["key"] == key), None)
        if button is None:
            raise ApiProblem(HTTPStatus.CONFLICT, "that message has no such button")
        if button.get("url"):
            raise ApiProblem(HTTPStatus.CONFLICT, "that button opens a page; the brand is not told")
        entry = self._compose(customer, tapped.surface, CUSTOMER, button["title"], reply_to=tapped.id)
        platform.add(entry)
        platform.emit(customer, platform.event_tap(entry, tapped, button))
        return entry

    def answer_as_brand(self, customer: str, surface: str, text: str, reply_to: str = "") -> Entry:
        """A person of the brand answers in the platform's own app."""
        platform = self._platform
        entry = platform.say_in_app(self._compose(customer, surface, BRAND_APP, text, reply_to=reply_to))
        if platform.has_control and surface == PRIVATE and platform.dials.inbox_takes_control:
            self.control(customer, "inbox")
        return entry

    def control(self, customer: str, to: str) -> None:
        """Give a customer's thread to the program ("us") or to the brand's inbox."""
        platform = self._platform
        if not platform.has_control:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"{platform.name} has no thread control")
        if to not in ("us", "inbox"):
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "to must be us or inbox")
        self._person(customer)
        if platform.owners.get(customer, "us") == to:
            return
        platform.owners[customer] = to
        platform.screen.announce("control", {"customer": customer, "to": to})
        platform.emit(customer, platform.event_control(customer, to))

    def revoke(self, revoked: bool) -> None:
        """Withdraw the program's access, or give it back."""
        platform = self._platform
        told = platform.event_revoke() if revoked and not platform.revoked else []
        platform.revoked = revoked
        platform.emit("", told)

    def unsubscribe(self) -> None:
        """The platform loses the webhook subscription without a word."""
        self._platform.unsubscribe()

    def _compose(
        self,
        customer: str,
        surface: str,
        author: str,
        text: str,
        *,
        reply_to: str = "",
        post: str = "",
        tags: tuple[str, ...] = (),
        image: str = "",
    ) -> Entry:
        platform = self._platform
        if surface not in platform.surfaces:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"surface must be one of {', '.join(platform.surfaces)}")
        self._person(customer)
        text = self._text(text, needed=not image)
        text = " ".join([text, *(tag for tag in tags if tag not in text)]).strip()
        if reply_to in platform.posts:
            post = reply_to
        parent = self._entry(reply_to) if reply_to and reply_to not in platform.posts else None
        if parent is not None and (parent.surface != surface or parent.deleted):
            raise ApiProblem(HTTPStatus.CONFLICT, "that entry is deleted or stands elsewhere")
        if surface == PUBLIC and author == BRAND_APP and parent is None:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "a public answer needs reply_to")
        entry = Entry("", surface, author, customer, text, reply_to=reply_to)
        if image:
            entry.attachments = [{"kind": "image", "url": image}]
        if surface == PUBLIC:
            entry.post = parent.post if parent is not None else self._post(post)
        entry.id = platform.new_id(surface, entry.post)
        if surface == PUBLIC:
            first = entry.post if platform.own_posts and entry.post else entry.id
            entry.root = parent.root if parent is not None else first
        platform.prepare(entry)
        return entry

    def _post(self, post: str) -> str:
        posts = self._platform.posts
        if post and post not in posts:
            raise ApiProblem(HTTPStatus.NOT_FOUND, f"there is no post {post}")
        return post or ("" if self._platform.own_posts else next(iter(posts), ""))

    def _person(self, person_id: str) -> Person:
        person = self._platform.people.get(person_id)
        if person is None:
            raise ApiProblem(HTTPStatus.NOT_FOUND, f"there is no customer {person_id}; let them join first")
        return person

    def _entry(self, entry_id: str) -> Entry:
        entry = self._platform.entries.get(entry_id)
        if entry is None:
            raise ApiProblem(HTTPStatus.NOT_FOUND, f"there is no entry {entry_id}")
        return entry

    def _own(self, entry_id: str) -> Entry:
        entry = self._entry(entry_id)
        if not entry.by_customer or entry.deleted:
            raise ApiProblem(HTTPStatus.FORBIDDEN, "only a customer's own entry that is still there can be changed")
        return entry

    @staticmethod
    def _text(text: str, *, needed: bool = True) -> str:
        text = text.strip()
        if needed and not text:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "the text is empty")
        return text
