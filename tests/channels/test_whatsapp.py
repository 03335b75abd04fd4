"""WhatsApp: the conformance suite, and what is WhatsApp's own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from channels.base import words_of
from channels.errors import (
    Ambiguous,
    AuthFailed,
    RateLimited,
    RecipientGone,
    Rejected,
    SendError,
    Unavailable,
    WindowClosed,
)
from channels.messages import (
    ApiCall,
    ApiResponse,
    Attachment,
    Button,
    ButtonTapped,
    HumanEcho,
    MessageReceived,
    RawRequest,
    Receipt,
    Sender,
    Surface,
    Template,
    Unsupported,
)
from channels.whatsapp.channel import WhatsappChannel
from tests.channels.conformance import ChannelConformance

SECRET = "an-app-secret-that-signs"
SETTINGS = {
    "app_id": "900100",
    "app_secret": SECRET,
    "verify_token": "a-token-that-meta-repeats",
    "phone_number_id": "1122334455667",
    "business_account_id": "1234567890987654321",
    "token": "EAA-not-a-real-token",
}
TO = "972987654321"
PATH = "1122334455667/messages"


def refused(code: int, status: int = 400, **more: Any) -> ApiResponse:
    error = {"message": f"(#{code}) quotes 972987654321", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    return ApiResponse(status=status, body={"error": error | more})


def accepted(**message: Any) -> ApiResponse:
    contacts = [{"input": TO, "wa_id": TO}]
    return ApiResponse(status=200, body={"messaging_product": "whatsapp", "contacts": contacts, "messages": [message]})


class TestWhatsapp(ChannelConformance):
    channel_class = WhatsappChannel
    settings = SETTINGS
    secrets = ("app_secret", "verify_token", "token")
    fixtures = Path(__file__).parents[2] / "channels" / "whatsapp" / "fixtures"
    signs_body = True
    thread_id = "US.13491208655302741918"
    private: ClassVar = {"to": TO, "reply_to": "wamid.question"}
    errors: ClassVar = {
        "sent": (accepted(id="wamid.new"), "wamid.new"),
        "template held for a look": (
            accepted(id="wamid.new", message_status="held_for_quality_assessment"),
            "wamid.new",
        ),
        "signal": (ApiResponse(status=200, body={"success": True}), ""),
        "window": (refused(131047), WindowClosed),
        "undeliverable": (refused(131026), RecipientGone),
        "not on the test list": (refused(131030), RecipientGone),
        "marketing stopped": (refused(131050), RecipientGone),
        "pair limit": (refused(131056), RateLimited),
        "number limit": (refused(130429), RateLimited),
        "number limit as 429": (refused(130429, 429), RateLimited),
        "account limit": (refused(80007), RateLimited),
        "app limit": (refused(4), RateLimited),
        "spam limit": (refused(131048), RateLimited),
        "temporary": (refused(131000, 500), Unavailable),
        "overloaded": (refused(131016), Unavailable),
        "maintenance": (refused(131057), Unavailable),
        "registration": (refused(133016), Unavailable),
        "unknown service error": (refused(135000), Unavailable),
        "unknown api error": (refused(1), Unavailable),
        "service down": (refused(2, 503), Unavailable),
        "transient by its own word": (refused(999999, is_transient=True), Unavailable),
        "parameter missing": (refused(131008), Rejected),
        "parameter wrong": (refused(131009), Rejected),
        "invalid parameter": (refused(100), Rejected),
        "type": (refused(131051), Rejected),
        "media fetch": (refused(131052), Rejected),
        "media upload": (refused(131053), Rejected),
        "needs the number": (refused(131062), Rejected),
        "ecosystem": (refused(131049), Rejected),
        "experiment": (refused(130472), Rejected),
        **{f"template {code}": (refused(code), Rejected) for code in (132000, 132001, 132005, 132007)},
        **{f"template {code}": (refused(code), Rejected) for code in (132008, 132012, 132015, 132016)},
        "locked": (refused(131031), AuthFailed),
        "policy": (refused(368), AuthFailed),
        "country": (refused(130497), Rejected),
        "payment": (refused(131042), AuthFailed),
        "auth": (refused(0, 401), AuthFailed),
        "token": (refused(190, 401), AuthFailed),
        "capability": (refused(3), AuthFailed),
        "permission": (refused(10, 403), AuthFailed),
        "permission range": (refused(299, 403), AuthFailed),
        "bad gateway": (ApiResponse(status=502), Unavailable),
        "gateway timeout": (ApiResponse(status=504), Ambiguous),
        "success without an id": (ApiResponse(status=200, body={"messages": []}), Ambiguous),
        "nonsense": (ApiResponse(status=200, body={"hello": 1}), Ambiguous),
    }

    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        digest = hmac.new((secret or SECRET).encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
        return RawRequest(method="POST", path="/webhooks/whatsapp/webhook", headers=headers, body=body)

    def said(self, call: ApiCall) -> str:
        content = call.json.get(call.json.get("type", ""), {})
        if call.json.get("type") == "interactive":
            content = content["body"]
            return str(content["text"])
        return str(content.get("body", content.get("caption", "")))

    def many(self, count: int) -> bytes:
        people = [{"profile": {"name": f"C {n}"}, "wa_id": f"62811{n:06}", "user_id": f"ID.{n}"} for n in range(count)]
        messages: list[dict[str, Any]] = [
            {
                "from": person["wa_id"],
                "id": f"wamid.{number}",
                "timestamp": "1697043223",
                "type": "text",
                "text": {"body": f"Halo {number}"},
            }
            for number, person in enumerate(people)
        ]
        messages[count // 2]["text"] = {"body": ["spoiled"]}
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "972123456789", "phone_number_id": "1122334455667"},
            "contacts": people,
            "messages": messages,
        }
        changes = [{"field": "messages", "value": value}]
        entry = [{"id": "1234567890987654321", "changes": changes}]
        return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()

    # ---- reading -----------------------------------------------------------------------------------
    def test_every_kind_of_event_is_in_the_golden_files(self) -> None:
        kinds = {type(event).__name__ for name in self.bodies() if name != "malformed" for event in self.events(name)}
        assert kinds >= {"MessageReceived", "ButtonTapped", "MessageEdited", "MessageDeleted", "HumanEcho"}
        assert kinds >= {"Receipt", "Reacted", "Unsupported"}

    def test_a_customer_without_a_phone_number_is_written_to_by_user_id(self) -> None:
        (event,) = self.events("user_id_only")
        assert (event.customer.address, event.also) == ("", ())
        (call,) = self.channel().render(self.message(text="Halo", to=event.customer.external_id))
        assert call.json["recipient"] == "ID.2211908655302741918"
        assert "to" not in call.json

    def test_a_phone_number_typed_with_a_plus_is_still_one(self) -> None:
        (call,) = self.channel().render(self.message(text="Halo", to=f"+{TO}"))
        assert call.json["to"] == TO

    def test_a_phone_number_wins_as_the_address(self) -> None:
        (event,) = self.events("text")
        (call,) = self.channel().render(self.message(text="Halo", to=event.customer.address))
        assert call.json["to"] == TO
        assert "recipient" not in call.json

    def test_a_new_phone_number_leads_to_the_old_case(self) -> None:
        for name in ("system_number_changed", "user_id_update"):
            (event,) = self.events(name)
            assert isinstance(event, Unsupported)
            assert (event.kind, event.raw, event.thread_id) == ("user_id_update", "", "IL.20987654321")
            assert "US.13491208655302741918" in event.also

    def test_messages_to_another_number_of_the_account_are_not_ours(self) -> None:
        (event,) = self.events("other_number")
        assert isinstance(event, Unsupported)
        assert event.thread_id == "123456123"

    def test_a_redelivered_body_gives_the_same_event_ids(self) -> None:
        for name in ("account_update", "interactive_with_error", "user_preferences", "user_id_update"):
            assert [event.event_id for event in self.events(name)] == [event.event_id for event in self.events(name)]

    def test_a_contact_of_somebody_else_names_nobody(self) -> None:
        """The only contact of a batch is whose message it is where that is the only one, or where it names nobody."""
        rina = {"profile": {"name": "Rina"}, "wa_id": TO, "user_id": "US.1"}

        def read(*given: Mapping[str, str], contact: Mapping[str, Any] = rina) -> list[tuple[str, str, str]]:
            document = json.loads(self.body("text"))
            value = document["entry"][0]["changes"][0]["value"]
            (message,) = value["messages"]
            bare = {key: what for key, what in message.items() if key not in {"from", "from_user_id"}}
            value["messages"] = [{**bare, **who, "id": f"wamid.{number}"} for number, who in enumerate(given)]
            value["contacts"] = [contact]
            events = self.channel().parse(self.request(json.dumps(document).encode()))
            return [(event.thread_id, event.customer.address, event.customer.name) for event in events]

        hers = ("US.1", TO, "Rina")
        assert read({}) == read({"from": TO}) == read({"from_user_id": "US.1"}) == [hers]
        assert read({}, {"from": TO}, {"from": "628119999999"}) == [hers, hers, ("628119999999", "", "")]
        assert read({"from": "628119999999"}) == [("628119999999", "", "")]
        assert read({"from_user_id": "US.2"}) == [("US.2", "", "")]
        assert read({"from": "628119999999", "from_user_id": "US.1"}) == [("US.1", "628119999999", "Rina")]
        # Where the contact tells no number, it contradicts none; but only one message can be meant.
        scoped = {"profile": {"name": "Rina"}, "user_id": "US.1"}
        assert read({"from": TO}, contact=scoped) == [hers]
        assert read({"from": TO}, {"from": "628119999999"}, contact=scoped) == [(TO, "", ""), ("628119999999", "", "")]

    def test_a_templates_words_are_the_platforms(self) -> None:
        template = Template(name="follow_up", language="id", parameters=("Rina",))
        (call,) = self.channel().render(self.message(template=template))
        assert words_of(call) == ""

    def test_spoiled_contacts_cost_no_message(self) -> None:
        document = json.loads(self.body("text"))
        document["entry"][0]["changes"][0]["value"]["contacts"] = {"profile": 7}
        (event,) = self.channel().parse(self.request(json.dumps(document).encode()))
        assert isinstance(event, MessageReceived)
        assert event.thread_id == TO, "the phone number is known from the message itself"

    def test_each_spoiled_content_is_kept_and_costs_no_other(self) -> None:
        intact = json.loads(self.body("text"))["entry"][0]["changes"][0]["value"]["messages"][0]
        for name in (
            "image",
            "location",
            "contacts",
            "reaction",
            "edited",
            "deleted",
            "button_reply",
            "template_button",
        ):
            document = json.loads(self.body(name))
            messages = document["entry"][0]["changes"][0]["value"]["messages"]
            messages[0][messages[0]["type"]] = ["spoiled"]
            messages.append(intact)
            spoiled, whole = self.channel().parse(self.request(json.dumps(document).encode()))
            assert isinstance(spoiled, Unsupported), name
            assert "spoiled" in spoiled.raw
            assert isinstance(whole, MessageReceived)

    def test_a_person_in_the_app_is_heard_even_when_the_content_is_not_readable(self) -> None:
        document = json.loads(self.body("human_echo"))
        document["entry"][0]["changes"][0]["value"]["message_echoes"][0]["text"] = 7
        (event,) = self.channel().parse(self.request(json.dumps(document).encode()))
        assert isinstance(event, HumanEcho)
        assert not event.maybe_ours

    def test_a_media_address_that_expires_is_not_kept(self) -> None:
        (event,) = self.events("image_with_url")
        assert isinstance(event, MessageReceived)
        assert [(item.external_id, item.url) for item in event.attachments] == [("65463453", "")]

    def test_typing_hangs_on_what_the_customer_tapped(self) -> None:
        (event,) = self.events("list_reply")
        assert isinstance(event, ButtonTapped)
        (call,) = self.channel().render(self.message(kind="typing", reply_to=event.external_id))
        assert call.json["message_id"] == "wamid.xyzxyz"
        assert self.channel().render(self.message(kind="typing", reply_to="")) == []

    @pytest.mark.parametrize(
        "code", [131047, 131026, 131056, 130429, 131000, 131008, 132001, 131031, 190, 131050, 130472, 4, 80007]
    )
    def test_a_code_means_the_same_at_once_and_later(self, code: int) -> None:
        with pytest.raises(SendError) as caught:
            self.channel().classify(refused(code))
        document = json.loads(self.body("status_failed"))
        document["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"][0]["code"] = code
        (event,) = self.channel().parse(self.request(json.dumps(document).encode()))
        assert isinstance(event, Receipt)
        assert (event.error, event.code) == (type(caught.value).__name__, str(code))

    # ---- saying ------------------------------------------------------------------------------------
    def test_every_call_carries_its_own_tag_and_a_receipt_brings_it_back(self) -> None:
        calls = self.channel().render(self.message(text="word " * 2000))
        assert [call.json["biz_opaque_callback_data"] for call in calls] == ["m-1/0", "m-1/1", "m-1/2"]
        (event,) = self.events("own_echo")
        assert isinstance(event, Receipt)
        assert event.message_id == "5f0c8c7a1b/0"
        (event,) = self.events("status_of_another_sender")
        assert isinstance(event, Receipt)
        assert event.message_id == ""

    @pytest.mark.parametrize("where", [{"to": ""}, {"to": "", "entry": "comment-1"}])
    def test_a_message_for_nobody_is_rejected(self, where: Mapping[str, Any]) -> None:
        with pytest.raises(Rejected, match="not known"):
            self.channel().render(self.message(text="Halo", **where))

    def test_a_public_message_is_rejected(self) -> None:
        with pytest.raises(Rejected, match="public"):
            self.channel().render(msgspec.structs.replace(self.message(text="Halo"), surface=Surface.PUBLIC))

    def test_a_tag_is_for_people_only(self) -> None:
        with pytest.raises(Rejected):
            self.channel().render(self.message(text="Halo", tag="HUMAN_AGENT"))
        assert self.channel().render(self.message(text="Halo", tag="HUMAN_AGENT", sender=Sender.AGENT))

    def test_taps_need_no_confirmation(self) -> None:
        assert self.channel().render(self.message(kind="acknowledge", acknowledge="x")) == []

    def test_nothing_to_say_is_no_call(self) -> None:
        assert self.channel().render(self.message(text=" \n")) == []

    def interactive(self, text: str, *titles: str) -> Mapping[str, Any]:
        buttons = tuple(Button(key=f"k{number}", title=title) for number, title in enumerate(titles))
        found: Mapping[str, Any] = self.channel().render(self.message(text=text, buttons=buttons))[-1].json
        return found

    def test_up_to_three_short_choices_are_buttons(self) -> None:
        shown = self.interactive("Which?", "One", "Two", "t" * 20)["interactive"]
        assert shown["type"] == "button"
        assert [item["reply"]["id"] for item in shown["action"]["buttons"]] == ["k0", "k1", "k2"]

    def test_up_to_ten_choices_are_a_list(self) -> None:
        shown = self.interactive("Which?", *(f"Choice {number}" for number in range(10)))["interactive"]
        assert shown["type"] == "list"
        assert shown["action"]["button"] == "Pilihan / Options"
        assert [row["id"] for row in shown["action"]["sections"][0]["rows"]] == [f"k{number}" for number in range(10)]

    def test_a_title_too_long_for_a_button_makes_a_list(self) -> None:
        assert self.interactive("Which?", "t" * 21, "No")["interactive"]["type"] == "list"

    @pytest.mark.parametrize(
        "titles", [("t" * 25, "No"), tuple(f"Choice {number}" for number in range(11)), ("Same", "Same")]
    )
    def test_what_fits_neither_becomes_numbered_lines(self, titles: tuple[str, ...]) -> None:
        body = self.interactive("Which?", *titles)
        assert body["type"] == "text"
        assert f"2. {titles[1]}" in body["text"]["body"]

    def test_choices_without_words_become_numbered_lines(self) -> None:
        assert self.interactive("", "Yes", "No")["text"]["body"] == "1. Yes\n2. No"

    def test_a_link_beside_choices_goes_into_the_text(self) -> None:
        buttons = (Button(key="a", title="Fees", url="https://arunika.example/fees"), Button(key="b", title="Agent"))
        (call,) = self.channel().render(self.message(text="More:", buttons=buttons))
        assert self.said(call) == "More:\n\nFees: https://arunika.example/fees"
        assert [item["reply"]["title"] for item in call.json["interactive"]["action"]["buttons"]] == ["Agent"]

    def test_a_long_text_goes_ahead_and_the_buttons_under_its_last_piece(self) -> None:
        text = "\n\n".join(f"{number}. " + "word " * 100 for number in range(12)).strip()
        buttons = (Button(key="k", title="Yes"), Button(key="l", title="No"))
        calls = self.channel().render(self.message(text=text, buttons=buttons))
        assert [call.json["type"] for call in calls] == ["text", "text", "interactive"]
        assert len(self.said(calls[-1])) <= 1024
        assert "".join("".join(self.said(call) for call in calls).split()) == "".join(text.split())

    def test_media_comes_before_the_buttons(self) -> None:
        image = Attachment(kind="image", url="https://arunika.example/card.png")
        calls = self.channel().render(
            self.message(text="This one?", attachments=(image,), buttons=(Button(key="k", title="Yes"),))
        )
        assert [call.json["type"] for call in calls] == ["image", "interactive"]
        assert "caption" not in calls[0].json["image"]

    def test_media_that_cannot_be_shown_is_a_link(self) -> None:
        items = (
            Attachment(kind="location", url="geo:-6.2,106.8"),
            Attachment(kind="sticker", url="https://a.example/s"),
        )
        (call,) = self.channel().render(self.message(text="Here", attachments=items))
        assert self.said(call) == "Here\n\ngeo:-6.2,106.8\n\nhttps://a.example/s"

    def test_a_voice_note_takes_no_caption_and_a_document_keeps_its_name(self) -> None:
        voice = Attachment(kind="voice", external_id="778")
        calls = self.channel().render(self.message(text="Listen", attachments=(voice,)))
        assert [call.json["type"] for call in calls] == ["audio", "text"]
        assert calls[0].json["audio"] == {"id": "778"}
        fees = Attachment(kind="file", url="https://arunika.example/fees.pdf", name="Fees.pdf")
        (call,) = self.channel().render(self.message(text="Fees", attachments=(fees,)))
        assert call.json["document"] == {"link": fees.url, "caption": "Fees", "filename": "Fees.pdf"}

    def test_a_template_is_sent_by_name_and_its_text_stays_here(self) -> None:
        template = Template(name="follow_up", language="en_US", parameters=("Rina\nPutri",))
        (call,) = self.channel().render(self.message(text="Hello Rina, we have news", template=template))
        assert call.json["type"] == "template"
        assert call.json["template"] == {
            "name": "follow_up",
            "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Rina Putri"}]}],
        }
        assert "news" not in json.dumps(call.json)

    def test_limits_of_the_number_and_of_one_customer(self) -> None:
        number, pair = self.channel().limits(self.message(text="Halo"))
        assert (number.scope, number.count, number.window_s) == ("number", 80, 1.0)
        assert (pair.scope, pair.count, pair.window_s) == ("pair:US.13491208655302741918", 10, 60.0)
        assert [limit.scope for limit in self.channel().limits(self.message(kind="typing"))] == ["number"]
        shared = WhatsappChannel.from_mapping({**SETTINGS, "coexistence": True})
        assert shared.limits(self.message(text="Halo"))[0].count == 20

    def test_waits_are_the_platforms_own(self) -> None:
        waits = {}
        for name in ("pair limit", "number limit", "spam limit", "app limit"):
            with pytest.raises(RateLimited) as caught:
                self.channel().classify(self.errors[name][0])
            waits[name] = (caught.value.retry_after, caught.value.whole_channel)
        assert waits["pair limit"] == (6.0, False)
        assert waits["number limit"][1]
        assert waits["spam limit"] >= (600.0, True)
        assert waits["app limit"] == (60.0, True)

    def test_usage_of_the_account_slows_the_number_down(self) -> None:
        case = [{"type": "whatsapp", "call_count": 90, "total_time": 1, "estimated_time_to_regain_access": 2}]
        headers = {"x-business-use-case-usage": json.dumps({"1": case}), "x-app-usage": '{"call_count":28}'}
        found = {
            item.scope: (item.used, item.wait_s)
            for item in self.channel().usage(ApiResponse(status=200, headers=headers))
        }
        assert found == {"app": (0.28, 0.0), "number": (0.9, 120.0)}

    def test_an_error_never_quotes_what_meta_says(self) -> None:
        for answer, expected in self.errors.values():
            if isinstance(expected, str):
                continue
            with pytest.raises(SendError) as caught:
                self.channel().classify(answer)
            assert TO not in caught.value.detail
