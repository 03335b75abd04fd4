"""The page, its words and its files, read once; and the headers that keep it safe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, select_autoescape

import bot.webchat

LANGUAGES = ("en", "id")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_here = files(bot.webchat)


class Asset:
    """A file of the page with the tag that tells a browser whether its copy is still good."""

    def __init__(self, name: str, body: bytes) -> None:
        self.body = body
        self.content_type = TYPES[name[name.rindex(".") :]] + "; charset=utf-8"
        self.etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'


@cache
def assets() -> Mapping[str, Asset]:
    """Every static file by name. Only these names are served, so no path can lead elsewhere."""
    return {
        entry.name: Asset(entry.name, entry.read_bytes())
        for entry in (_here / "static").iterdir()
        if entry.name.endswith(tuple(TYPES))
    }


@cache
def words(language: str) -> Mapping[str, str]:
    """The page's sentences in a language."""
    found: dict[str, str] = json.loads((_here / "words" / f"{language}.json").read_text(encoding="utf-8"))
    return found


@cache
def _environment() -> Environment:
    return Environment(autoescape=select_autoescape(default=True), undefined=StrictUndefined)


def chat_page(*, brand: str, language: str, embedded: bool, longest: int) -> str:
    """The HTML of /chat. No script and no style stands in it: the policy below would refuse them."""
    template: Any = _environment().from_string((_here / "templates" / "chat.html").read_text(encoding="utf-8"))
    said = {name: text.replace("{brand}", brand) for name, text in words(language).items()}
    page: str = template.render(
        brand=brand,
        language=language,
        embedded=embedded,
        longest=longest,
        words=said,
        words_json=json.dumps(said),
    )
    return page


def choose_language(asked: str, accept_language: str) -> str:
    """`asked` wins when we speak it, then the browser's order of preference, then English."""
    if asked in LANGUAGES:
        return asked
    ranked: list[tuple[float, int, str]] = []
    for position, entry in enumerate(accept_language.split(",")[:20]):
        tag, _, quality = entry.partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        code = tag.strip().lower().split("-")[0]
        code = "id" if code == "in" else code  # what old Java and Android call Indonesian
        if code in LANGUAGES and weight > 0:
            ranked.append((-weight, position, code))
    return min(ranked)[2] if ranked else LANGUAGES[0]


def page_headers(allowed_origins: tuple[str, ...]) -> dict[str, str]:
    """A page that runs only its own files and shows only in the frames that settings allow."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' https:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": " ".join(("'self'", *allowed_origins)),
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "cache-control": "no-cache",
        "vary": "accept-language",
        **COMMON_HEADERS,
    }


COMMON_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
