"""What is asked of every channel. Inherit `ChannelConformance`, declare the case, and pytest runs all of it.

A case brings what the suite cannot know: settings, how the platform signs a request (written independently of
the channel), recorded requests with the events they are, the platform's error answers with what they mean.
`docs/ADD_A_CHANNEL.md` walks through one.

Fixtures are files next to the channel: `NAME.json` holds a body exactly as the platform sends it,
`NAME.events.json` the events expected of it, `calls/NAME.json` the calls expected of a standard message in private,
`calls/public.NAME.json` those in public.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.base import Channel, words_of
from channels.capabilities import Capabilities
from channels.errors import PayloadError, RateLimited, Rejected, SendError, SettingsError, SignatureError
from channels.messages import (
    ApiCall,
    ApiResponse,
    Attachment,
    Button,
    ButtonTapped,
    Customer,
    InboundEvent,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    Sender,
    Surface,
    Unsupported,
)
from channels.webhook import Handshake, Received, Refused, Unreadable, receive

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REQUIRED = ("text", "batch", "unsupported", "own_echo", "malformed", "handshake")

# Standard messages with golden calls; those that depend on the limit are checked by property instead.
STANDARD: Mapping[str, Mapping[str, Any]] = {
    "short": {"text": "Your card is on its way."},
    "paragraphs": {"text": "Halo Rina,\n\nkartu Anda sudah dikirim. 📦\nNomor: JK-1234"},
    "buttons": {
        "text": "Block the card?",
        "buttons": (Button(key="b1", title="Yes"), Button(key="b2", title="No")),
    },
    "link_button": {
        "text": "More about fees:",
        "buttons": (Button(key="b3", title="Fees", url="https://arunika.example/fees"),),
    },
    "image": {
        "text": "This is where the number is.",
        "attachments": (Attachment(kind="image", url="https://arunika.example/card.png"),),
    },
    "right_to_left": {"text": "مرحبا، بطاقتك في الطريق."},
    "typing": {"kind": "typing"},
}

_FUZZ = settings(
    max_examples=int(os.environ.get("SIGAP_FUZZ_EXAMPLES", "120")),  # `make fuzz` asks for thousands
    deadline=None,
    # One test function serves every channel's class, which is exactly what is meant here.
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow, HealthCheck.data_too_large],
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


class ChannelConformance:
    """Inherit as `class TestX(ChannelConformance)` in tests/channels/test_x.py."""

    # ---- to declare ------------------------------------------------------------------------------
    channel_class: ClassVar[type[Channel[Any]]]
    settings: ClassVar[Mapping[str, Any]]  # a complete section of credentials.yml
    secrets: ClassVar[Sequence[str]]  # keys without which anybody could speak for the platform
    fixtures: ClassVar[Path]
    signs_body: ClassVar[bool]  # whether the proof covers the body, or only shows who sends
    errors: ClassVar[Mapping[str, tuple[ApiResponse, type[SendError] | str]]]  # answer → error, or the id
    thread_id: ClassVar[str]  # a conversation as this platform names it
    # Where a private and a public message go: fields of OutboundMessage (`to`, `reply_to`, `root` …), as this
    # platform names them. A surface that the channel does not have needs none.
    private: ClassVar[Mapping[str, Any]] = {}
    public: ClassVar[Mapping[str, Any]] = {}
    # What the platform answers to hiding, where it hides.
    hidden: ClassVar[ApiResponse | None] = None
    exempt: ClassVar[Mapping[str, str]] = {}  # required fixture → why this platform has none

    # ---- to implement ----------------------------------------------------------------------------
    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        """The request as the platform would send it, proven with `secret` in place of the real one."""
        raise NotImplementedError

    def said(self, call: ApiCall) -> str:
        """The text that the customer reads because of this call; "" when it has none."""
        raise NotImplementedError

    def many(self, count: int) -> bytes | None:
        """One body with `count` different messages of customers, the middle one of them spoiled in its innards, as
        far as the platform sends several at once; None when it never does."""
        return None

    # ---- no need to override ---------------------------------------------------------------------
    def channel(self) -> Channel[Any]:
        return self.channel_class.from_mapping(self.settings)

    def request(self, body: bytes) -> RawRequest:
        return msgspec.structs.replace(self.sign(body), received_at=NOW)

    def body(self, name: str) -> bytes:
        return (self.fixtures / f"{name}.json").read_bytes().rstrip(b"\n")

    def events(self, name: str) -> list[InboundEvent]:
        return list(self.channel().parse(self.request(self.body(name))))

    def message(self, surface: Surface | None = None, **content: Any) -> OutboundMessage:
        surface = surface or next(iter(self.channel_class.surfaces))
        where = self.private if surface is Surface.PRIVATE else self.public
        return OutboundMessage(
            message_id="m-1",
            channel=self.channel_class.name,
            thread_id=self.thread_id,
            customer=Customer(external_id="42"),
            created_at=NOW,
            surface=surface,
            **{**where, **content},
        )

    def can(self, surface: Surface) -> Capabilities:
        return self.channel().can(surface)

    @classmethod
    def bodies(cls) -> list[str]:
        return sorted(
            path.name.removesuffix(".json")
            for path in cls.fixtures.glob("*.json")
            if not path.name.endswith(".events.json") and path.stem != "handshake"
        )

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        case = metafunc.cls
        if "fixture" in metafunc.fixturenames:
            metafunc.parametrize("fixture", case.bodies())
        if "error" in metafunc.fixturenames:
            metafunc.parametrize("error", list(case.errors))
        if "standard" in metafunc.fixturenames:
            metafunc.parametrize("standard", list(STANDARD))
        if "surface" in metafunc.fixturenames:
            metafunc.parametrize("surface", list(case.channel_class.surfaces))
        if "secret_key" in metafunc.fixturenames:
            metafunc.parametrize("secret_key", list(case.secrets))

    # ---- the case is complete ----------------------------------------------------------------------
    def test_required_fixtures_exist(self) -> None:
        present = {*self.bodies(), *(["handshake"] if (self.fixtures / "handshake.json").exists() else [])}
        missing = [name for name in REQUIRED if name not in present and not self.exempt.get(name)]
        assert not missing
        assert not [name for name in self.exempt if name in present], "exempt, but there"
        assert self.secrets
        assert self.errors

    # ---- settings ----------------------------------------------------------------------------------
    def test_an_empty_secret_refuses_to_start_and_names_the_key(self, secret_key: str) -> None:
        for nothing in ("", " " * 40):
            with pytest.raises(SettingsError) as caught:
                self.channel_class.from_mapping({**self.settings, secret_key: nothing})
            assert secret_key in str(caught.value)
            assert caught.value.fix

    def test_an_unknown_setting_is_refused_by_name(self) -> None:
        with pytest.raises(SettingsError, match="no_such_setting"):
            self.channel_class.from_mapping({**self.settings, "no_such_setting": 1})

    def test_settings_never_show_their_values(self) -> None:
        shown = repr(self.channel().settings) + str(self.channel().settings)
        assert not [key for key in self.secrets if str(self.settings[key]) in shown]

    # ---- proof -------------------------------------------------------------------------------------
    def test_a_signed_request_is_accepted(self, fixture: str) -> None:
        self.channel().verify(self.request(self.body(fixture)))

    def test_a_request_without_proof_is_refused(self) -> None:
        bare = msgspec.structs.replace(self.request(self.body("text")), headers={}, query={})
        assert isinstance(receive(self.channel(), bare), Refused)

    def test_a_request_proven_with_another_secret_is_refused(self) -> None:
        other = "another-secret-that-is-long-enough-for-anything"
        with pytest.raises(SignatureError):
            self.channel().verify(self.sign(self.body("text"), secret=other))

    def test_a_flipped_byte_is_refused(self) -> None:
        request = self.request(self.body("text"))
        headers = {key: _flip(value) for key, value in request.headers.items()}
        with pytest.raises(SignatureError):
            self.channel().verify(msgspec.structs.replace(request, headers=headers))
        if self.signs_body:
            middle = len(request.body) // 2
            body = request.body[:middle] + bytes([request.body[middle] ^ 1]) + request.body[middle + 1 :]
            with pytest.raises(SignatureError):
                self.channel().verify(msgspec.structs.replace(request, body=body))

    def test_a_reserialised_body_is_refused(self) -> None:
        if not self.signs_body:
            pytest.skip("the platform's proof does not cover the body")
        request = self.request(self.body("text"))
        body = json.dumps(json.loads(request.body), indent=1).encode()
        with pytest.raises(SignatureError):
            self.channel().verify(msgspec.structs.replace(request, body=body))

    def test_a_refused_request_is_answered_401_and_leaks_nothing(self) -> None:
        outcome = receive(self.channel(), self.sign(self.body("text"), secret="wrong-" * 8))
        assert isinstance(outcome, Refused)
        assert outcome.response.status == 401
        assert not [key for key in self.secrets if str(self.settings[key]) in outcome.reason]

    def test_the_handshake_is_answered(self) -> None:
        path = self.fixtures / "handshake.json"
        if not path.exists():
            assert self.channel().handshake(self.request(self.body("text"))) is None
            return
        recorded = json.loads(path.read_text(encoding="utf-8"))
        outcome = receive(self.channel(), msgspec.convert(recorded["request"], RawRequest))
        assert isinstance(outcome, Handshake)
        assert msgspec.to_builtins(outcome.response) == recorded["response"]

    # ---- reading -----------------------------------------------------------------------------------
    def test_golden_events(self, fixture: str) -> None:
        outcome = receive(self.channel(), self.request(self.body(fixture)))
        expected = self.fixtures / f"{fixture}.events.json"
        if not expected.exists():
            assert isinstance(outcome, Unreadable), "no events recorded, so this should be unreadable"
            assert outcome.response.status == 200
            return
        assert isinstance(outcome, Received)
        assert outcome.response.status == 200
        assert json.loads(msgspec.json.encode(outcome.events)) == json.loads(expected.read_text(encoding="utf-8"))

    def test_malformed_is_kept_aside_and_answered_200(self) -> None:
        outcome = receive(self.channel(), self.request(self.body("malformed")))
        assert isinstance(outcome, Unreadable)
        assert outcome.request.body == self.body("malformed")
        assert outcome.response.status == 200

    def test_a_batch_gives_every_event_in_order(self) -> None:
        if "batch" in self.exempt:
            pytest.skip(self.exempt["batch"])
        assert len(self.events("batch")) >= 2

    def test_own_echoes_are_never_customer_messages(self) -> None:
        if "own_echo" in self.exempt:
            pytest.skip(self.exempt["own_echo"])
        events = self.events("own_echo")
        assert events
        assert not [event for event in events if isinstance(event, MessageReceived | ButtonTapped)]

    def test_ids_are_stable_keys_prefixed_times_utc(self, fixture: str) -> None:
        if not (self.fixtures / f"{fixture}.events.json").exists():
            pytest.skip("unreadable on purpose")
        events = self.events(fixture)
        assert [event.event_id for event in events] == [event.event_id for event in self.events(fixture)]
        assert len({event.event_id for event in events}) == len(events)
        for event in events:
            assert event.event_id
            assert event.surface in self.channel_class.surfaces or isinstance(event, Unsupported)
            assert event.channel == self.channel_class.name
            assert event.conversation_key.startswith(f"{self.channel_class.name}:")
            assert event.thread_id
            assert event.at.utcoffset() == timedelta(0)
            assert event.customer.external_id

    def test_events_survive_a_json_round_trip(self, fixture: str) -> None:
        if not (self.fixtures / f"{fixture}.events.json").exists():
            pytest.skip("unreadable on purpose")
        for event in self.events(fixture):
            assert msgspec.json.decode(msgspec.json.encode(event), type=InboundEvent) == event

    @_FUZZ
    @given(body=st.binary(max_size=200))
    def test_any_bytes_raise_payload_error_only(self, body: bytes) -> None:
        self._read(body)

    @_FUZZ
    @given(document=_JSON)
    def test_any_json_raises_payload_error_only(self, document: Any) -> None:
        self._read(json.dumps(document).encode())

    @_FUZZ
    @given(data=st.data())
    def test_a_damaged_request_raises_payload_error_only(self, data: st.DataObject) -> None:
        readable = [name for name in self.bodies() if (self.fixtures / f"{name}.events.json").exists()]
        document = json.loads(self.body(data.draw(st.sampled_from(readable))))
        for _ in range(data.draw(st.integers(1, 3))):
            document = _damage(document, data)
        self._read(json.dumps(document).encode())

    def test_an_unreadable_body_is_not_quoted(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        words = "my card number is 4111"
        for body in (json.dumps({"text": words}), json.dumps([words]), json.dumps(words), f'{{"x":"{words}'):
            outcome = receive(self.channel(), self.request(body.encode()))
            assert words not in getattr(outcome, "reason", "")
        assert words not in caplog.text

    def _read(self, body: bytes) -> None:
        try:
            events = self.channel().parse(self.request(body))
        except PayloadError:
            return
        for event in events:
            assert msgspec.json.decode(msgspec.json.encode(event), type=InboundEvent) == event

    def test_a_batch_of_a_thousand_is_read_whole_and_one_bad_event_costs_no_other(self) -> None:
        body = self.many(1000)
        if body is None:
            pytest.skip("the platform sends one event at a time")
        events = self.channel().parse(self.request(body))
        said = [event for event in events if isinstance(event, MessageReceived)]
        spoiled = [event for event in events if isinstance(event, Unsupported)]
        assert len(said) == 999
        assert len(spoiled) == 1
        assert spoiled[0].raw, "what could not be read is kept"
        assert len({event.event_id for event in events}) == 1000

    # ---- saying ------------------------------------------------------------------------------------
    def test_golden_calls(self, surface: Surface, standard: str) -> None:
        calls = self.channel().render(self.message(surface, **STANDARD[standard]))
        name = standard if surface is Surface.PRIVATE else f"public.{standard}"
        expected = self.fixtures / "calls" / f"{name}.json"
        assert json.loads(msgspec.json.encode(calls)) == json.loads(expected.read_text(encoding="utf-8"))

    def test_nothing_of_a_standard_message_is_dropped(self, surface: Surface, standard: str) -> None:
        message = self.message(surface, **STANDARD[standard])
        calls = self.channel().render(message)
        everything = json.dumps(msgspec.to_builtins(calls), ensure_ascii=False)
        assert _dense(message.text) in _dense("".join(self.said(call) for call in calls))
        for button in message.buttons:
            assert button.title in everything
            assert (button.url or button.key) in everything or f". {button.title}" in everything
        for attachment in message.attachments:
            assert attachment.url in everything

    def test_the_words_of_a_call_are_what_the_customer_reads(self, surface: Surface, standard: str) -> None:
        # By these words an echo is recognised as ours.
        message = self.message(surface, **STANDARD[standard])
        long = self.message(surface, **{**STANDARD[standard], "text": message.text * 400})
        for call in (*self.channel().render(message), *self.channel().render(long)):
            assert words_of(call) == self.said(call)

    @pytest.mark.parametrize(
        "unit",
        [
            "A sentence of some words. ",
            "👩‍👩‍👧‍👦",
            "👍🏽 ",
            "بطاقتك في الطريق. ",
            "สวัสดีครับ",
            "e\u0301\u0327 ",
            "字",
            "x",
        ],
    )
    def test_long_text_is_divided_within_the_limit_and_complete(self, surface: Surface, unit: str) -> None:
        can = self.can(surface)
        text = unit * (2 * can.text_limit // can.measure(unit) + 7)
        said = [self.said(call) for call in self.channel().render(self.message(surface, text=text))]
        assert len(said) > 1
        assert max(can.measure(part) for part in said) <= can.text_limit
        assert _dense("".join(said)) == _dense(text)

    def test_a_text_of_exactly_the_limit_stays_whole(self, surface: Surface) -> None:
        text = "x" * self.can(surface).text_limit
        assert [self.said(call) for call in self.channel().render(self.message(surface, text=text))] == [text]

    def test_an_emoji_across_the_limit_is_not_torn(self, surface: Surface) -> None:
        can = self.can(surface)
        family = "👩‍👩‍👧‍👦"
        text = "x" * (can.text_limit - can.measure(family) + 1) + family
        said = [self.said(call) for call in self.channel().render(self.message(surface, text=text))]
        assert len(said) > 1
        assert said[-1].endswith(family)
        assert _dense("".join(said)) == text

    def test_more_buttons_than_fit_are_all_there(self, surface: Surface) -> None:
        count = self.can(surface).buttons + 3
        buttons = tuple(Button(key=f"k{number}", title=f"Choice {number}.") for number in range(count))
        calls = self.channel().render(self.message(surface, text="Which?", buttons=buttons))
        everything = json.dumps(msgspec.to_builtins(calls), ensure_ascii=False)
        assert not [button for button in buttons if button.title not in everything]

    # ---- hiding ------------------------------------------------------------------------------------
    def test_a_public_message_is_hidden_by_one_call_that_may_be_repeated(self, surface: Surface) -> None:
        hide = self.message(surface, kind="hide", text="must not be said")
        if self.can(surface).hiding is None:
            assert not self.channel().render(hide), "what cannot be hidden is left alone, and nothing is said"
            return
        assert surface is Surface.PUBLIC
        calls = self.channel().render(hide)
        expected = self.fixtures / "calls" / "public.hide.json"
        assert json.loads(msgspec.json.encode(calls)) == json.loads(expected.read_text(encoding="utf-8"))
        assert len(calls) == 1
        assert not words_of(calls[0])
        assert calls == self.channel().render(hide)

    def test_what_is_to_be_hidden_has_to_be_named(self, surface: Surface) -> None:
        if self.can(surface).hiding is None:
            pytest.skip("the platform hides nothing there")
        with pytest.raises(Rejected):
            self.channel().render(self.message(surface, kind="hide", reply_to="", root=""))

    def test_hiding_has_a_source_and_an_answer_that_is_understood(self, surface: Surface) -> None:
        hiding = self.can(surface).hiding
        if hiding is None:
            assert self.hidden is None or surface is Surface.PRIVATE
            return
        assert hiding.source.startswith("https://")
        assert self.hidden is not None
        assert self.channel().classify(self.hidden) == ""
        assert self.channel().limits(self.message(surface, kind="hide")), "it counts against a limit"

    # ---- what is allowed ---------------------------------------------------------------------------
    def test_every_rule_names_its_source(self, surface: Surface) -> None:
        rules = self.can(surface).rules
        asked = [
            (rules.window, rules.window_source),
            (rules.human_window, rules.human_source),
            (rules.templates, rules.templates_source),
            (rules.summoned_only, rules.summoned_source),
            (rules.automatic_replies, rules.automatic_source),
            (rules.drafts_only, rules.drafts_source),
            (rules.private_reply, rules.private_reply.source if rules.private_reply else ""),
        ]
        assert not [source for rule, source in asked if rule and not source.startswith("https://")]

    def test_the_tag_for_people_is_refused_to_programs(self, surface: Surface) -> None:
        rules = self.can(surface).rules
        if not rules.human_tag:
            pytest.skip("the platform has no such tag")
        for sender in (Sender.BOT, Sender.NOTICE):
            with pytest.raises(Rejected):
                self.channel().render(self.message(surface, text="Hello", sender=sender, tag=rules.human_tag))
        agent = self.message(surface, text="Hello", sender=Sender.AGENT, tag=rules.human_tag)
        assert self.channel().render(agent)

    def test_limits_are_shared_by_name(self, surface: Surface) -> None:
        message = self.message(surface, text="Hello")
        limits = self.channel().limits(message)
        assert len({limit.scope for limit in limits}) == len(limits)
        assert all(limit.count >= 1 and limit.window_s > 0 for limit in limits)
        assert limits == self.channel().limits(message)

    # ---- answers -----------------------------------------------------------------------------------
    def test_error_table(self, error: str) -> None:
        answer, expected = self.errors[error]
        if isinstance(expected, str):
            assert self.channel().classify(answer) == expected
            return
        with pytest.raises(SendError) as caught:
            self.channel().classify(answer)
        assert type(caught.value) is expected
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after > 0
        assert not [key for key in self.secrets if str(self.settings[key]) in str(caught.value)]

    @_FUZZ
    @given(
        headers=st.dictionaries(
            st.sampled_from(
                "x-app-usage x-business-use-case-usage x-rate-limit-limit x-rate-limit-remaining x-rate-limit-reset "
                "retry-after x-restli-id".split()
            ),
            st.text(max_size=30) | _JSON.map(json.dumps),
        )
    )
    def test_odd_headers_never_raise(self, headers: dict[str, str]) -> None:
        for usage in self.channel().usage(ApiResponse(status=200, headers=headers)):
            assert usage.used >= 0
            assert usage.wait_s >= 0

    @_FUZZ
    @given(status=st.integers(100, 599), body=st.dictionaries(st.text(max_size=8), _JSON, max_size=4))
    def test_any_answer_is_an_id_or_a_send_error(self, status: int, body: dict[str, Any]) -> None:
        try:
            assert isinstance(self.channel().classify(ApiResponse(status=status, body=body)), str)
        except SendError as error:
            assert error.detail


def cases() -> set[type[ChannelConformance]]:
    """Every case there is, however deep."""
    found: set[type[ChannelConformance]] = set()
    waiting = [ChannelConformance]
    while waiting:
        for case in waiting.pop().__subclasses__():
            found.add(case)
            waiting.append(case)
    return found


def _flip(value: str) -> str:
    middle = len(value) // 2
    return value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]


def _dense(text: str) -> str:
    return "".join(text.split())


def _damage(document: Any, data: st.DataObject) -> Any:
    """The document with one place, anywhere in it, replaced or removed."""
    if not isinstance(document, dict | list) or not document or data.draw(st.integers(0, 5)) == 0:
        return data.draw(_JSON)
    copy = document.copy()
    key = data.draw(st.sampled_from(sorted(copy) if isinstance(copy, dict) else range(len(copy))))
    if data.draw(st.booleans()) and not isinstance(copy[key], dict | list):
        del copy[key]
    else:
        copy[key] = _damage(copy[key], data)
    return copy
