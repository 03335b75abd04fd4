"""The section `channels.rasa_connector.Whatsapp` of credentials.yml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from channels import fit
from channels.messages import ApprovedTemplate
from channels.meta.settings import GraphSettings, Problem, empty

# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-reply-buttons-messages
LIST_LABEL_LIMIT = 20

_MANAGER = "https://business.facebook.com/latest/whatsapp_manager"


class WhatsappSettings(GraphSettings, frozen=True, kw_only=True):
    """One phone number of one WhatsApp Business account."""

    phone_number_id: str = ""  # not the number itself
    business_account_id: str = ""
    token: str = ""
    coexistence: bool = False  # the number is used in the WhatsApp Business app too: 20 messages a second, not 80
    list_label: str = "Pilihan / Options"  # what opens a list of four to ten choices
    templates: tuple[ApprovedTemplate, ...] = ()
    # `standby` as well, where Meta Business Agent answers on the same number.
    webhook_fields: tuple[str, ...] = ("messages", "smb_message_echoes", "user_preferences")

    def problems(self) -> Sequence[Problem]:
        return [*super().problems(), *self._number(), *self._templates(), *self._rest()]

    def _number(self) -> Iterator[Problem]:
        for key, value in (
            ("phone_number_id", self.phone_number_id),
            ("business_account_id", self.business_account_id),
        ):
            yield from empty(key, value, f"Copy it from {_MANAGER}")
            if value and not value.isdecimal():
                yield key, "is not one of Meta's ids", "It has digits only, without + and spaces"
        yield from empty("token", self.token, "Make one for a system user (channels/whatsapp/README.md tells how)")

    def _templates(self) -> Iterator[Problem]:
        named = [(template.name, template.language) for template in self.templates]
        for name, language in named:
            if not name or not language:
                yield "templates", "has one without a name or a language", f"Copy both from {_MANAGER}"
            elif named.count((name, language)) > 1:
                yield "templates", f"has {name} in {language} twice", "Keep one of them"
        for template in self.templates:
            if not template.text.strip():
                # Without it, an agent would send what they cannot read.
                fix = f"Copy the body's text, with {{{{1}}}}, {{{{2}}}} … as they stand, from {_MANAGER}"
                yield "templates", f"has {template.name} without its text", fix

    def _rest(self) -> Iterator[Problem]:
        if not 0 < fit.utf16_length(self.list_label.strip()) <= LIST_LABEL_LIMIT:
            yield "list_label", "is empty or too long", f"Use 1 to {LIST_LABEL_LIMIT} characters"
        if "messages" not in self.webhook_fields:
            yield "webhook_fields", "lacks messages", "Leave it out, or name messages too"
