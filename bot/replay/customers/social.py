"""Customers on the sandbox's social platforms, which differ only in where a first word is written."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any, ClassVar

import httpx

from bot.replay.customers.base import GIVE_UP_S, Customers, NotDelivered, Seen
from bot.settings import Settings
from channels.messages import Surface

_AGAIN_S = 0.5
ONLY_CALLED = "/start"  # what our channel makes of a post that says only our name
_NAMES_IN_FRONT = re.compile(r"^(?:\s*@\w+[,:;]?(?:\s+|$))+")
_AS_FAST_AS_CAN_BE = 1000.0  # sends a second


class SocialCustomers(Customers):
    """Each one begins a thread under a post of the brand's and goes on in it; in private where nothing else is."""

    platform: ClassVar[str]
    surface: ClassVar[Surface] = Surface.PUBLIC

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        base = f"http://127.0.0.1:{settings.sandbox_port}/sandbox/api/social"
        self._http = httpx.AsyncClient(
            base_url=base, timeout=40, trust_env=False, limits=httpx.Limits(max_connections=None)
        )
        self._threads: dict[str, str] = {}
        self._people: dict[str, dict[str, Any]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._broken_before = 0

    async def arrive(self, number: int) -> str:
        if self._watch is None:
            # Before anything waits, so that nobody comes between.
            self._watch = asyncio.create_task(self._look())
            self._broken_before = await self._broken()
        person = await self._post("join", {"name": f"Replay {number}"})
        self._people[person["id"]] = person
        return f"{self.platform}:{person['id']}"

    async def write(self, key: str, text: str) -> str:
        wanted = {"customer": key.partition(":")[2], "surface": self.surface, "text": text}
        if self.surface is Surface.PUBLIC and key in self._threads:
            wanted["reply_to"] = self._threads[key]
        entry = await self._post("write", wanted)
        if self.surface is Surface.PUBLIC:
            self._threads.setdefault(key, entry["id"])
        return text

    async def violations(self) -> int:
        return await self._broken() - self._broken_before

    async def _broken(self) -> int:
        return int((await self._get("state"))["violation_count"])

    async def _look(self) -> None:
        after = -1
        while True:
            try:
                if after < 0:
                    after = int((await self._about())["seq"])  # what stood there before is nobody's of ours
                page = await self._get("feed", after=after, limit=1000, wait=20)
            except (httpx.HTTPError, ValueError, KeyError):
                await asyncio.sleep(_AGAIN_S)
                continue
            after = page["seq"]
            for entry in page["items"]:
                if entry["change"] == "new" and entry["author"] != "customer":
                    await self.show(f"{self.platform}:{entry['customer']}", self._seen(entry))

    def _seen(self, entry: dict[str, Any]) -> Seen:
        # A picture without words stands on the screen as its address.
        text = str(entry["text"]) or " ".join(str(each["url"]) for each in entry["attachments"])
        person = self._people.get(entry["customer"], {"name": "", "username": ""})
        names = (f"{person['name'].partition(' ')[0]}, ", f"@{person['username']} ")
        addressed = next((name for name in names if text.startswith(name)), "")
        return Seen(text=text, at=time.monotonic(), surface=Surface(entry["surface"]), addressed=addressed)

    async def _about(self) -> dict[str, Any]:
        answer = await self._http.get("/")
        answer.raise_for_status()
        return dict(next(each for each in answer.json()["platforms"] if each["name"] == self.platform))

    async def _get(self, what: str, **query: int) -> dict[str, Any]:
        answer = await self._http.get(f"/{self.platform}/{what}", params=query)
        answer.raise_for_status()
        return dict(answer.json())

    async def _post(self, act: str, body: dict[str, Any]) -> dict[str, Any]:
        """A platform's app tries again while there is no connection; what it was refused stays refused."""
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            try:
                answer = await self._http.post(f"/{self.platform}/{act}", json=body)
                answer.raise_for_status()
                return dict(answer.json())
            except httpx.ConnectError as error:
                if time.monotonic() > deadline:
                    raise NotDelivered(type(error).__name__) from error
                await asyncio.sleep(_AGAIN_S)
            except httpx.HTTPError as error:
                raise NotDelivered(type(error).__name__) from error

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self._http.aclose()


class FacebookCustomers(SocialCustomers):
    platform = "facebook"


class InstagramCustomers(SocialCustomers):
    platform = "instagram"


class LinkedinCustomers(SocialCustomers):
    platform = "linkedin"


class WhatsappCustomers(SocialCustomers):
    platform = "whatsapp"
    surface = Surface.PRIVATE


class XCustomers(SocialCustomers):
    """A first word is a post of the customer's own, and every one of them mentions the brand."""

    platform = "x"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._brand = ""
        self._slow = False

    async def arrive(self, number: int) -> str:
        if not self._brand:
            self._brand = str((await self._about())["brand"]["username"])
            # X takes 100 posts in 15 minutes; with those a replay would last for hours.
            if (await self._get("dials"))["limit_per_second"] == 0:
                self._slow = True
                await self._post("dials", {"limit_per_second": _AS_FAST_AS_CAN_BE})
        return await super().arrive(number)

    async def write(self, key: str, text: str) -> str:
        # In an answer nobody can tell names in front from those that X puts there itself.
        if key in self._threads:
            text = _NAMES_IN_FRONT.sub("", text)
        await super().write(key, f"@{self._brand} {text}")
        return text or ONLY_CALLED

    async def close(self) -> None:
        if self._slow:
            await self._post("dials", {"limit_per_second": 0})
        await super().close()
