"""Formatted text: parse modes, entities and lengths, all counted in UTF-16 code units as Telegram does.

https://core.telegram.org/bots/api#formatting-options
"""

from __future__ import annotations

import html
import re
from typing import Any, NoReturn

from sandbox.telegram.errors import bad_request

Entity = dict[str, Any]

_HTML_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "a": "text_link", "blockquote": "blockquote", "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip
_HTML_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<tag>[a-zA-Z][a-zA-Z-]*)(?P<attributes>[^<>]*)>|&(?P<name>lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);"
)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
# Longest first, so that `__` is not read as two `_`.
_MARKDOWN_V2 = {
    "```": "pre", "||": "spoiler", "__": "underline",
    "*": "bold", "_": "italic", "~": "strikethrough", "`": "code",
}  # fmt: skip
_MARKDOWN = {"```": "pre", "*": "bold", "_": "italic", "`": "code"}
_MARKDOWN_V2_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_FOUND_BY_ITSELF = re.compile(
    r"(?<!\S)(?P<bot_command>/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?)(?!\S)"
    r"|(?<!\w)(?P<mention>@[A-Za-z]\w{3,31})"
    r"|(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)])"
)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: an emoji outside the basic plane counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_text(text: str, parse_mode: str | None) -> tuple[str, list[Entity]]:
    """The plain text and its entities. Raises the 400 "can't parse entities"."""
    mode = (parse_mode or "").lower()
    if mode == "":
        return text, []
    if mode == "html":
        return _parse_html(text)
    if mode == "markdownv2":
        return _Markdown(text, _MARKDOWN_V2, _MARKDOWN_V2_RESERVED, strict=True).parse()
    if mode == "markdown":
        return _Markdown(text, _MARKDOWN, frozenset("_*`["), strict=False).parse()
    raise bad_request("unsupported parse_mode")


def find_entities(text: str) -> list[Entity]:
    """What Telegram recognises in plain text: commands, mentions and links."""
    return [
        {
            "type": found.lastgroup,
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found.group()),
        }
        for found in _FOUND_BY_ITSELF.finditer(text)
    ]


def strip_with_entities(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Cut white space from both ends, as Telegram does, and move the entities along."""
    stripped = text.strip()
    cut = utf16_length(text[: len(text) - len(text.lstrip())])
    size = utf16_length(stripped)
    moved = []
    for entity in entities:
        start = max(0, entity["offset"] - cut)
        end = min(size, entity["offset"] - cut + entity["length"])
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return stripped, moved


def _fail(why: str, source: str, position: int) -> NoReturn:
    offset = len(source[:position].encode("utf-8", "surrogatepass"))
    raise bad_request(f"can't parse entities: {why} at byte offset {offset}")


class _Builder:
    """Collects the plain text and the spans that are open."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._entities: list[Entity] = []
        self.open: list[tuple[str, int, Entity, int]] = []

    def add(self, text: str) -> None:
        self._parts.append(text)
        self._length += utf16_length(text)

    def start(self, mark: str, kind: str, position: int, **extra: str) -> None:
        entity: Entity = {"type": kind, "offset": self._length, **extra}
        self.open.append((mark, position, entity, len(self._entities)))
        self._entities.append({})

    def end(self) -> Entity:
        _, _, entity, place = self.open.pop()
        entity["length"] = self._length - entity["offset"]
        self._entities[place] = entity
        return entity

    def result(self) -> tuple[str, list[Entity]]:
        return "".join(self._parts), [entity for entity in self._entities if entity.get("length")]


def _parse_html(source: str) -> tuple[str, list[Entity]]:
    out, position = _Builder(), 0
    while position < len(source):
        token = _HTML_TOKEN.match(source, position)
        if token is None:
            if source[position] == "<":
                _fail("Unexpected start tag", source, position)
            following = re.compile("[<&]").search(source, position + 1)
            stop = following.start() if following else len(source)
            out.add(source[position:stop])
            position = stop
            continue
        if token["name"]:
            out.add(html.unescape(token.group()))
        elif token["close"]:
            if not out.open or out.open[-1][0] != token["tag"].lower():
                _fail("Unmatched end tag", source, position)
            out.end()
        else:
            tag = token["tag"].lower()
            if tag not in _HTML_TAGS or (tag == "span" and "tg-spoiler" not in token["attributes"]):
                _fail(f'Unsupported start tag "{tag}"', source, position)
            extra = {}
            if tag == "a":
                href = _HREF.search(token["attributes"])
                extra["url"] = html.unescape("".join(group or "" for group in href.groups())) if href else ""
            out.start(tag, _HTML_TAGS[tag], position, **extra)
        position = token.end()
    if out.open:
        _fail(f'Can\'t find end tag corresponding to start tag "{out.open[-1][0]}"', source, len(source))
    return out.result()


class _Markdown:
    """Both Markdown dialects; `strict` is MarkdownV2, where every reserved character must be escaped."""

    def __init__(self, source: str, marks: dict[str, str], reserved: frozenset[str], *, strict: bool) -> None:
        self._source = source
        self._marks = marks
        self._reserved = reserved
        self._strict = strict
        self._out = _Builder()

    def parse(self) -> tuple[str, list[Entity]]:
        position = 0
        while position < len(self._source):
            position = self._step(position)
        if self._out.open:
            mark, start, _, _ = self._out.open[-1]
            _fail(f"Can't find end of the entity starting with '{mark}'", self._source, start)
        return self._out.result()

    def _step(self, at: int) -> int:
        """Read what stands at `at`; returns where to go on."""
        source, out = self._source, self._out
        here = source[at]
        inside = out.open[-1][0] if out.open else ""
        in_code = inside in ("`", "```")
        mark = next((mark for mark in self._marks if source.startswith(mark, at)), "")
        if here == "\\" and at + 1 < len(source) and (self._strict or source[at + 1] in self._reserved):
            out.add(source[at + 1])
            return at + 2
        if inside and source.startswith(inside, at) and (in_code or mark == inside):
            out.end()
            return at + len(inside)
        if here == "]" and inside == "[":
            return self._end_link(at)
        if not in_code and (mark or here == "["):
            out.start(mark or "[", self._marks.get(mark, "text_link"), at)
            return at + len(mark or "[")
        if self._strict and not in_code and here in self._reserved:
            escape = "is reserved and must be escaped with the preceding '\\'"
            raise bad_request(f"can't parse entities: Character '{here}' {escape}")
        out.add(here)
        return at + 1

    def _end_link(self, at: int) -> int:
        link = re.compile(r"\]\(((?:\\.|[^)\\])*)\)").match(self._source, at)
        entity = self._out.end()
        if link is None:
            # Brackets without an address are plain text in effect: an entity of no length is left out.
            entity["length"] = 0
            return at + 1
        entity["url"] = re.sub(r"\\(.)", r"\1", link.group(1))
        return link.end()
