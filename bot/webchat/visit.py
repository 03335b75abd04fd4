"""One open page: what it says goes to the mailbox, what the feed holds goes to it, in order, each line once.

The protocol is described in channels/webchat/README.md.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from bot.core.ports import StoreUnavailable
from bot.webchat.door import WebchatDoor
from bot.webchat.hub import Hub, Item
from bot.webchat.limits import Pace
from bot.webchat.wire import Gone, Wire
from channels import webhook
from channels.errors import SignatureError
from channels.messages import ButtonTapped, MessageReceived, RawRequest
from channels.webchat.channel import FRAME_PATH
from channels.webchat.items import own_line

log = structlog.get_logger(__name__)

HELLO_WITHIN_S = 10.0
LARGEST_FRAME = 64 * 1024  # bytes
MOST_WAITING = 100  # rung items that a slow page may have outstanding; beyond, it reads the feed instead
RETRY_AFTER_S = 1.0
LOOK_AGAIN_S = 30.0
BACK_OFF_S = (0.1, 3.0)

# https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number; 4000 and above are our own
TOO_BIG, FAILED, RESTART, BAD_TOKEN, BAD_ORIGIN, TOO_FAST = 1009, 1011, 1012, 4401, 4403, 4429


class Hello(msgspec.Struct, tag_field="t", tag="hello"):
    token: str
    last_seq: int = 0


class Refused(Exception):
    """The socket must close with this code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


_hello = msgspec.json.Decoder(Hello)
_any = msgspec.json.Decoder(dict[str, Any])


class Visit:
    """Runs one socket from its first frame to its end."""

    def __init__(self, wire: Wire, door: WebchatDoor, hub: Hub, pace: Pace, origin: str) -> None:
        self._wire = wire
        self._door = door
        self._hub = hub
        self._pace = pace
        self._origin = origin
        self._visitor = ""
        self._token = ""
        self._sent = 0  # number of the last line that this page has
        self._waiting: deque[Item] = deque()
        self._missed = False
        self._bell = asyncio.Event()
        self._refusals = 0

    async def run(self) -> None:
        """Returns when the socket is closed."""
        try:
            await self._enter()
            self._hub.enter(self._visitor, self)
            try:
                await self._welcome()
                await self._talk()
            finally:
                self._hub.leave(self._visitor, self)
        except Refused as refusal:
            await self._wire.close(refusal.code, refusal.reason)
        except Gone:
            return

    # ---- what the hub calls --------------------------------------------------------------------------

    def ring(self, item: Item | None) -> None:
        if item is None or len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            self._missed = True
        else:
            self._waiting.append(item)
        self._bell.set()

    async def leave(self, code: int) -> None:
        await self._wire.close(code)

    # ---- beginning -----------------------------------------------------------------------------------

    async def _enter(self) -> None:
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                hello = _hello.decode(await self._wire.recv())
            self._visitor = self._door.channel.tokens.visitor_of(hello.token)
        except (TimeoutError, msgspec.DecodeError, UnicodeDecodeError, SignatureError):
            raise Refused(BAD_TOKEN, "hello with a live token comes first") from None
        self._token = hello.token
        self._sent = max(0, hello.last_seq)

    async def _welcome(self) -> None:
        """The hub knows us already, so whatever comes from here on rings; what came before is read now."""
        try:
            lines = await self._door.feed.after(self._visitor, self._sent)
        except StoreUnavailable:
            lines = []
            self.ring(None)
        await self._send({"t": "welcome", "visitor": self._visitor, "replay": len(lines)})
        for line in lines:
            await self._deliver(line)

    async def _talk(self) -> None:
        tasks = {asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._speak())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    # ---- from the visitor ----------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            data = await self._wire.recv()
            if len(data) > LARGEST_FRAME:
                raise Refused(TOO_BIG, "frame too large")
            frame = _fields(data)
            if wait_s := self._pace.wait_s(self._visitor):
                await self._slow_down(frame, wait_s)
                continue
            self._refusals = 0
            if frame.get("t") == "ping":
                self._check_token()
                await self._send({"t": "pong"})
            else:
                await self._take(data, frame)

    def _check_token(self) -> None:
        """With every ping, so that a token ends between messages and not in the middle of one."""
        try:
            self._door.channel.tokens.visitor_of(self._token)
        except SignatureError:
            raise Refused(BAD_TOKEN, "token has ended") from None

    async def _slow_down(self, frame: Mapping[str, Any], wait_s: float) -> None:
        self._refusals += 1
        if self._refusals > self._door.channel.settings.burst:
            raise Refused(TOO_FAST, f"retry_after={wait_s:.1f}")
        await self._complain("rate", "too many messages at once", frame, retry_after=math.ceil(wait_s * 100) / 100)

    async def _take(self, data: bytes, frame: Mapping[str, Any]) -> None:
        request = RawRequest(
            method="POST",
            path=FRAME_PATH,
            headers={"authorization": f"Bearer {self._token}", "origin": self._origin},
            body=data,
            received_at=self._door.clock.now(),
        )
        outcome = webhook.receive(self._door.channel, request)
        if isinstance(outcome, webhook.Refused):
            raise Refused(BAD_TOKEN, "token has ended")
        if isinstance(outcome, webhook.Unreadable):
            await self._complain("bad_frame", outcome.reason, frame)
            return
        events = outcome.events if isinstance(outcome, webhook.Received) else ()
        said = [event for event in events if isinstance(event, MessageReceived | ButtonTapped)]
        if not said:
            await self._complain("unsupported", "this kind of frame is not known", frame)
            return
        try:
            # Mailbox first: a line that shows as sent is certain to be answered. Both ignore a repetition, so
            # a page that did not see its acknowledgement sends again and gets the same one.
            await self._door.receive.accept(said)
            for event in said:
                seq = await self._door.feed.append(self._visitor, event.event_id, own_line(event))
                await self._send({"t": "ack", "client_msg_id": event.external_id, "seq": seq})
        except StoreUnavailable:
            await self._complain("unavailable", "cannot be stored just now", frame, retry_after=RETRY_AFTER_S)

    async def _complain(self, code: str, text: str, frame: Mapping[str, Any], **more: float) -> None:
        about = frame.get("client_msg_id")
        answer: dict[str, Any] = {"t": "error", "code": code, "text": text, **more}
        await self._send(answer | ({"client_msg_id": about} if isinstance(about, str) else {}))

    # ---- to the visitor ------------------------------------------------------------------------------

    async def _speak(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._bell.wait()
            except TimeoutError:
                self._missed = True  # a bell that got lost unnoticed is made up for
            self._bell.clear()
            while self._missed or self._waiting:
                if self._missed:
                    await self._catch_up()
                    continue
                item = self._waiting.popleft()
                seq = item.get("seq", 0)
                if not seq:
                    await self._send({"t": "typing", **item})
                elif seq == self._sent + 1:
                    await self._deliver(item)
                elif seq > self._sent:
                    self._missed = True

    async def _catch_up(self) -> None:
        """Read the feed until it can be read. What rings meanwhile is known by its number, not sent twice."""
        wait_s = BACK_OFF_S[0]
        while self._missed:
            self._missed = False
            try:
                lines = await self._door.feed.after(self._visitor, self._sent)
            except StoreUnavailable:
                self._missed = True
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
                wait_s = min(wait_s * 2, BACK_OFF_S[1])
                continue
            for line in lines:
                await self._deliver(line)

    async def _deliver(self, line: Item) -> None:
        await self._send({"t": "item", **line})
        self._sent = line["seq"]

    async def _send(self, frame: Mapping[str, Any]) -> None:
        await self._wire.send(msgspec.json.encode(frame))


def _fields(data: bytes) -> dict[str, Any]:
    """A frame's fields as far as they can be read; the channel decides what is wrong with it."""
    try:
        return _any.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
