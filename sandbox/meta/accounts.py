"""The demo's accounts at Meta: the same ids and secrets as in sandbox/credentials.yml. They open nothing else."""

from __future__ import annotations

from typing import NamedTuple

APP_ID = "900100"
FACEBOOK_SECRET = "sandbox-facebook-secret"  # noqa: S105
INSTAGRAM_SECRET = "sandbox-instagram-secret"  # noqa: S105
WHATSAPP_SECRET = "sandbox-whatsapp-secret"  # noqa: S105

PAGE_ID = "100200300"
PAGE_TOKEN = "sandbox-page-token"  # noqa: S105
INSTAGRAM_ID = "17841400000000001"
INSTAGRAM_TOKEN = "sandbox-instagram-token"  # noqa: S105
PHONE_ID = "555000111"
BUSINESS_ID = "555000999"
PHONE_NUMBER = "622150001500"
WHATSAPP_TOKEN = "sandbox-whatsapp-token"  # noqa: S105

# https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversation-routing
PAGE_INBOX = "263902037430900"
INSTAGRAM_INBOX = "1217981644879628"


class Template(NamedTuple):
    """An approved WhatsApp template; `{{1}}` … stand for its parameters."""

    name: str
    language: str
    text: str


TEMPLATES = (
    Template(
        "follow_up",
        "id",
        "Halo {{1}}, kami punya kabar tentang pertanyaan Kakak. Balas pesan ini untuk melanjutkan.",
    ),
    Template(
        "follow_up",
        "en_US",
        "Hello {{1}}, we have news about your question. Reply to this message to continue.",
    ),
)

# The demo's customers, the same people on every platform: name, user name, language.
PEOPLE = (
    ("Sari Wulandari", "sari_wulandari"),
    ("James Carter", "jcarter"),
    ("Budi Santoso", "budi_santoso88"),
    ("Amelia Okafor", "amelia_ok"),
    ("Maximiliana Featherstonehaugh-Kusumawardhani", "max_fk"),
)
