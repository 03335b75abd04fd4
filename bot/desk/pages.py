"""Turns data into answers: templates that escape, JSON, and the headers that keep a page to itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sanic import HTTPResponse, Request, response

from bot.desk.words import CATALOGUE, LANGUAGES, preferred, words

LANGUAGE_COOKIE = "sigap_desk_language"
# All comes from this server, nothing is inline, and no other site may frame the desk or receive its forms.
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Pages:
    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip

    def language(self, request: Request) -> str:
        return preferred(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", ""))

    def say(self, request: Request, key: str, **values: object) -> str:
        return words(self.language(request), key, **values)

    def html(self, request: Request, template: str, status: int = 200, **values: Any) -> HTTPResponse:
        language = self.language(request)
        text = self._templates.get_template(template).render(
            language=language, languages=LANGUAGES, here=_here(request), has=CATALOGUE[language].__contains__,
            t=lambda key, **named: words(language, key, **named), **values,
        )  # fmt: skip
        return response.html(text, status=status)

    def json(self, data: Any, status: int = 200) -> HTTPResponse:
        return HTTPResponse(msgspec.json.encode(data), status=status, content_type="application/json")


def _here(request: Request) -> str:
    """The page's own address, to come back to after a change of language."""
    return f"{request.path}?{request.query_string}" if request.query_string else str(request.path)


async def protect(request: Request, answer: HTTPResponse) -> None:
    """Response middleware. Nothing with a customer's words stays in a cache; scripts and styles may."""
    for name, value in SECURITY.items():
        answer.headers.setdefault(name, value)
    static = request.path.startswith("/desk/static/")
    answer.headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
