"""Web chat: the conformance suite, and what is web chat's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from channels.errors import PayloadError, Rejected, SettingsError, SignatureError, Unavailable
from channels.messages import ApiCall, ApiResponse, Attachment, Button, RawRequest
from channels.webchat.channel import WebchatChannel
from channels.webchat.tokens import new_visitor
from tests.channels.conformance import ChannelConformance

SECRET = "webchat-secret-for-the-tests-0123456789abcdef"
VISITOR = "v" + "AbCdEfGhIjKlMnOpQrStUv"


def jwt_of(claims: dict[str, Any], secret: str = SECRET, *, header: dict[str, str] | None = None) -> str:
    """A token as RFC 7519 and RFC 7515 describe it, made without the library that the channel uses."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    head = header or {"alg": "HS256", "typ": "JWT"}
    signed = f"{part(json.dumps(head).encode())}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"sub": VISITOR, "aud": "sigap-webchat", "iat": now, "exp": now + 600} | changes


def bearing(token: str, body: bytes = b"{}") -> RawRequest:
    headers = {"authorization": f"Bearer {token}", "origin": "https://arunika.example"}
    return RawRequest(method="POST", path="/webchat/frame", headers=headers, body=body)


class TestWebchat(ChannelConformance):
    channel_class = WebchatChannel
    settings: ClassVar[dict[str, Any]] = {"secret": SECRET, "allowed_origins": ["https://shop.example"]}
    secrets = ("secret",)
    fixtures = Path(__file__).parents[2] / "channels" / "webchat" / "fixtures"
    signs_body = False  # the token shows who writes; the visitor is the author of the body
    thread_id = VISITOR
    exempt: ClassVar[dict[str, str]] = {
        "batch": "a frame carries one message",
        "own_echo": "the feed is read by the page only and never comes back as a frame",
        "handshake": "there is no subscription to confirm",
    }
    errors: ClassVar[dict[str, tuple[ApiResponse, Any]]] = {
        "line": (ApiResponse(status=200, body={"id": f"{VISITOR}:41", "seq": 41}), f"{VISITOR}:41"),
        "signal": (ApiResponse(status=202), ""),
        "no number": (ApiResponse(status=200), Unavailable),
        "store away": (ApiResponse(status=503), Unavailable),
        "no such feed": (ApiResponse(status=404), Rejected),
    }

    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        return bearing(jwt_of(claims(), secret or SECRET), body)

    def said(self, call: ApiCall) -> str:
        return str(call.json.get("text", ""))

    # ---- tokens ------------------------------------------------------------------------------------
    @pytest.mark.parametrize(
        "token",
        [
            jwt_of(claims(exp=int(time.time()) - 1)),
            jwt_of(claims(aud="another-service")),
            jwt_of({name: value for name, value in claims().items() if name != "exp"}),
            jwt_of({name: value for name, value in claims().items() if name != "aud"}),
            jwt_of(claims(sub="admin")),
            jwt_of(claims(sub=7)),
            jwt_of(claims(), header={"alg": "none"}),
            jwt_of(claims(), header={"alg": "HS512"}),
            jwt_of(claims()).rsplit(".", 1)[0] + ".",
            "é.é.é",
            "",
            "a" * 5000,
        ],
    )
    def test_a_token_that_is_not_whole_and_live_is_refused(self, token: str) -> None:
        with pytest.raises(SignatureError):
            self.channel().verify(bearing(token))

    def test_the_scheme_must_be_bearer(self) -> None:
        request = RawRequest(method="POST", path="/", headers={"authorization": f"Basic {jwt_of(claims())}"})
        with pytest.raises(SignatureError):
            self.channel().verify(request)

    def test_our_own_tokens_are_read_by_the_rules_of_the_standard(self) -> None:
        channel = self.channel()
        assert isinstance(channel, WebchatChannel)
        visitor = new_visitor()
        head, body, signature = channel.tokens.issue(visitor, datetime.now(UTC)).split(".")
        expected = hmac.new(SECRET.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
        assert base64.urlsafe_b64decode(signature + "=") == expected
        assert json.loads(base64.urlsafe_b64decode(body + "=="))["sub"] == visitor

    # ---- settings ----------------------------------------------------------------------------------
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("secret", "short"),
            ("brand", " "),
            ("allowed_origins", ["https://shop.example/"]),
            ("allowed_origins", ["*"]),
            ("allowed_origins", ["https://a.example; script-src *"]),
            ("messages_per_second", 0),
            ("burst", "-1"),
            ("token_minutes", 0),
        ],
    )
    def test_a_wrong_setting_is_named_with_its_fix(self, key: str, value: Any) -> None:
        with pytest.raises(SettingsError, match=key) as caught:
            WebchatChannel.from_mapping({**self.settings, key: value})
        assert caught.value.fix

    def test_without_the_gateways_feed_sending_says_what_to_do(self) -> None:
        with pytest.raises(SettingsError, match="sigap gateway"):
            _ = self.channel().transport

    # ---- frames and lines --------------------------------------------------------------------------
    def test_a_text_of_the_longest_length_is_taken(self) -> None:
        frame = json.loads(self.body("too_long"))
        frame["text"] = frame["text"][:-1]
        (event,) = self.channel().parse(self.request(json.dumps(frame).encode()))
        assert len(event.text) == 4000  # type: ignore[union-attr]
        with pytest.raises(PayloadError, match="4000"):
            self.channel().parse(self.request(self.body("too_long")))

    def test_two_visitors_may_use_the_same_message_id(self) -> None:
        other = bearing(jwt_of(claims(sub="v" + "z" * 22)), self.body("text"))
        assert self.channel().parse(other)[0].event_id != self.events("text")[0].event_id

    def test_a_title_that_is_too_long_becomes_a_numbered_line(self) -> None:
        message = self.message(text="Which?", buttons=(Button(key="k", title="t" * 201), Button(key="l", title="No")))
        (call,) = self.channel().render(message)
        assert call.json["text"] == f"Which?\n\n1. {'t' * 201}\n2. No"
        assert "buttons" not in call.json

    def test_media_stand_with_the_first_part_and_buttons_with_the_last(self) -> None:
        image = Attachment(kind="image", url="https://arunika.example/a.png")
        message = self.message(text="word " * 1500, buttons=(Button(key="k", title="Yes"),), attachments=(image,))
        calls = self.channel().render(message)
        assert ["attachments" in call.json for call in calls] == [True, False]
        assert ["buttons" in call.json for call in calls] == [False, True]
