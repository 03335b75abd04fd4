"""Customers in the sandbox's Telegram."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import httpx

from bot.replay.customers.base import Customers, NotDelivered, Seen
from bot.settings import Settings


class TelegramCustomers(Customers):
    """Customers in the sandbox's Telegram. The sandbox delivers to the gateway as Telegram would, with retries."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        base = f"http://127.0.0.1:{settings.sandbox_port}/sandbox/api/telegram"
        self._http = httpx.AsyncClient(base_url=base, timeout=40, trust_env=False)
        self._first_chat = random.randrange(10**8, 9 * 10**8) * 1000
        self._watch: asyncio.Task[None] | None = None

    async def arrive(self, number: int) -> str:
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())
        return f"telegram:{self._first_chat + number}"

    async def write(self, key: str, text: str) -> str:
        chat = key.partition(":")[2]
        try:
            answer = await self._http.post(f"/chats/{chat}/messages", json={"text": text, "name": f"Replay {chat}"})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NotDelivered(type(error).__name__) from error
        return text

    async def _look(self) -> None:
        after = 0
        while True:
            try:
                page = await self._get("/messages", after=after, wait=20)
            except (httpx.HTTPError, ValueError):
                await asyncio.sleep(0.5)
                continue
            for entry in page["messages"]:
                after = max(after, entry["seq"])
                if entry["from"] == "brand":
                    key = f"telegram:{entry['chat_id']}"
                    await self.show(key, Seen(text=entry["text"], at=time.monotonic()))

    async def _get(self, path: str, **query: int) -> dict[str, Any]:
        answer = await self._http.get(path, params=query)
        answer.raise_for_status()
        return dict(answer.json())

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self._http.aclose()
