"""Web chat as a channel. Its platform is our own gateway: frames come from the page, calls go to its feed.

A frame travels as `POST /webchat/frame` with `authorization: Bearer <visitor token>`. The token proves who
writes; the body needs no signature of its own, because the visitor is its author.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from channels import fit
from channels.base import Channel, Transport
from channels.capabilities import Capabilities
from channels.errors import Rejected, SettingsError, SignatureError, Unavailable
from channels.messages import (
    ApiCall,
    ApiResponse,
    Button,
    ButtonTapped,
    Customer,
    InboundEvent,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    Surface,
    Unsupported,
)
from channels.webchat import frames, items
from channels.webchat.settings import WebchatSettings
from channels.webchat.tokens import VisitorTokens

FRAME_PATH = "/webchat/frame"
BUTTONS = 30


class WebchatChannel(Channel[WebchatSettings]):
    """Implements Channel for the page at /chat."""

    name = "webchat"
    settings_class = WebchatSettings
    delivery = "feed"
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = {
        Surface.PRIVATE: Capabilities(
            text_limit=frames.LONGEST_TEXT,
            measure=len,
            buttons=BUTTONS,
            button_title_limit=frames.LONGEST_TITLE,
            typing=True,
            idempotent_send=True,
        )
    }

    def __init__(self, settings: WebchatSettings, transport: Transport | None = None) -> None:
        super().__init__(settings, transport)
        self.tokens = VisitorTokens(
            settings.secret,
            lifetime=timedelta(minutes=settings.token_minutes),
            refresh=timedelta(days=settings.refresh_days),
        )

    def verify(self, request: RawRequest) -> None:
        self._visitor(request)

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        visitor = self._visitor(request)
        frame = frames.read(request.body)
        if isinstance(frame, frames.Said):
            return [
                MessageReceived(
                    channel=self.name,
                    event_id=f"{visitor}:{frame.client_msg_id}",
                    thread_id=visitor,
                    at=request.received_at,
                    customer=Customer(external_id=visitor, locale=frame.language),
                    external_id=frame.client_msg_id,
                    text=frame.text,
                )
            ]
        if isinstance(frame, frames.Tapped):
            return [
                ButtonTapped(
                    channel=self.name,
                    event_id=f"{visitor}:{frame.client_msg_id}",
                    thread_id=visitor,
                    at=request.received_at,
                    customer=Customer(external_id=visitor, locale=frame.language),
                    external_id=frame.client_msg_id,
                    button=frame.button,
                    title=frame.title,
                )
            ]
        return [
            Unsupported(
                channel=self.name,
                event_id=f"{visitor}:{hashlib.sha256(request.body).hexdigest()[:32]}",
                thread_id=visitor,
                at=request.received_at,
                customer=Customer(external_id=visitor),
                kind=frame.kind,
            )
        ]

    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        """One call per line of the feed. The first line carries the media, the last ones the buttons."""
        path = f"/feed/{message.thread_id}"
        if message.kind == "typing":
            return [ApiCall(method="POST", path=f"{path}/signal", json=items.typing_sign(message))]
        if message.kind != "message":
            return []
        text, buttons = message.text, message.buttons
        if any(len(button.title) > frames.LONGEST_TITLE for button in buttons):
            text, buttons = fit.numbered(text, buttons), ()
        parts: list[tuple[str, Sequence[Button]]] = [(part, ()) for part in fit.split(text, frames.LONGEST_TEXT)]
        for start in range(0, len(buttons), BUTTONS):
            group = buttons[start : start + BUTTONS]
            if start == 0 and parts:
                parts[-1] = (parts[-1][0], group)
            else:
                parts.append(("", group))
        if message.attachments and not parts:
            parts.append(("", ()))
        return [
            ApiCall(
                method="POST",
                path=path,
                json=items.brand_line(message, part, group, message.attachments if number == 0 else ()),
            )
            for number, (part, group) in enumerate(parts)
        ]

    def classify(self, response: ApiResponse) -> str:
        """The feed's answer: 200 with the line's id, 202 for a passing signal."""
        if response.status == 200 and isinstance(response.body.get("id"), str):
            return str(response.body["id"])
        if response.status == 202:
            return ""
        if response.status == 200 or response.status >= 500:
            # Trying again is safe even if the line was written: the feed knows it by its key.
            raise Unavailable("the feed gave no number", code=str(response.status))
        raise Rejected("the feed refused the line", code=str(response.status))

    def open_transport(self) -> Transport:
        raise SettingsError(
            self.name,
            "visitors are reached through the gateway's feed, which this process does not have",
            "Serve web chat with `sigap up` or `sigap gateway`, not with `rasa run`",
        )

    def _visitor(self, request: RawRequest) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise SignatureError("visitor token is missing")
        return self.tokens.visitor_of(token)
