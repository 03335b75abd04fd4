"""What the channels declare, as a page for people: `python -m channels.describe` writes docs/channels.md.

Nothing on that page is written by hand, so that it can't tell anything but what the code does. `--check` ends with 1
when the page in docs/ is not this one any more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from channels.base import Channel, PollingChannel
from channels.capabilities import Capabilities, Hiding, Limit
from channels.messages import Attachment, Customer, OutboundMessage, Surface
from channels.registry import CHANNELS, channel_class, class_name, section_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "channels.md"
STALE = "docs/channels.md is not what the channels declare. Run `make docs`, read what changed, and commit it."

_INTRO = """\
# Channels

What each platform can do here, what it forbids, and how it is set up. **Made from the code by `make docs`; don't edit
it.** Numbers are the defaults; where a platform does not publish one, it is a setting. How to get access, what becomes
what and what is known to be missing: the README behind each name. The brand's own rules, which hold on every platform:
[policy.md](policy.md). A *needed* setting stops the start when it is missing and the others are as here.
"""
_SAYING = """\
A text beyond the limit is divided; where one part is all there is, it must be shorter or go elsewhere. In public the
assistant answers with one post at most. Choices that cannot be buttons become numbered lines, which a typed number
answers; media that cannot be sent become links. Where links are not welcome, an invitation into the private chat comes
without one. *Can hide*: a customer's public message can be taken out of everybody's sight, for instance when it shows
personal data.
"""
_HEARING = """\
*Edits* and *deletions* by customers. *Echoes*: our own messages come back, or are confirmed. *Look-up*: after a broken
connection the platform can be asked whether a message is there. *Repeatable*: a message that is sent twice is shown
once.
"""
_FORBIDDEN = """\
Every outgoing message is checked against these at the moment of sending; a refusal names the page.
"""
_LIMITED = """\
Limits on sending, counted over all couriers. A call goes out when each of its scopes has room; what the platform's own
answers say comes on top.
"""
_SECRET = ("secret", "token", "key")  # how the names of settings end whose values are secrets
_SOMEBODY = "CUSTOMER"
_PRIVATE, _MEDIA = "private messages", "private messages with media"
_TICK, _NO = "✓", "–"

Row = Sequence[str]
_UNITS = ((86_400.0, "day", "days"), (3600.0, "h", "h"), (60.0, "min", "min"))


def page() -> str:
    """The whole page, the same for the same code."""
    channels = {name: bare(channel_class(name)) for name in sorted(CHANNELS)}
    tables = [
        _INTRO,
        "## At a glance\n",
        _table(("channel", "surfaces", "events come by", "looked after every"), map(_glance, channels.values())),
        "## What can be said\n",
        _SAYING,
        _surfaces(
            channels, ("text limit", "counted in", "parts", "buttons", "typing", "media", "links", "can hide"), _saying
        ),
        "## What we hear of\n",
        _HEARING,
        _surfaces(channels, ("edits", "deletions", "echoes", "look-up", "repeatable"), _hearing),
        "## What the platform forbids\n",
        _FORBIDDEN,
        _table(("where", "rule", "says who"), _rules(channels)),
    ]
    return "\n".join([*tables, *(_settings_of(channel) for channel in channels.values())])


def bare(kind: type[Channel[Any]]) -> Channel[Any]:
    """A channel with nothing but default settings. It can tell about itself, and nothing else: it has no secrets."""
    fields = msgspec.structs.fields(kind.settings_class)
    settings = kind.settings_class(**{field.name: "" for field in fields if field.required})
    channel = kind.__new__(kind)  # its own __init__ may want to read a token
    Channel.__init__(channel, settings)
    return channel


def secret(field: msgspec.structs.FieldInfo) -> bool:
    """Whether a setting's value must not be seen."""
    return field.type is str and field.name.rpartition("_")[2] in _SECRET


def title(channel: Channel[Any]) -> str:
    """The platform's name as it writes itself: the heading of the channel's README."""
    readme = ROOT / "channels" / channel.name / "README.md"
    first = readme.read_text(encoding="utf-8").partition("\n")[0] if readme.exists() else ""
    return first.removeprefix("# ").strip() or class_name(channel.name)


# ---- tables over all channels --------------------------------------------------------------------------


def _glance(channel: Channel[Any]) -> Row:
    ways = "webhook or polling" if isinstance(channel, PollingChannel) else "webhook"
    own = channel.delivery == "feed"
    return (
        f"[{title(channel)}](../channels/{channel.name}/README.md)",
        ", ".join(channel.surfaces),
        "its own page" if own else ways,
        _NO if own else _span(channel.check_every_s),
    )


def _surfaces(channels: dict[str, Channel[Any]], heads: Row, tell: Callable[[Capabilities], Row]) -> str:
    return _table(("where", *heads), ((where, *tell(can)) for where, can in _everywhere(channels)))


def _everywhere(channels: dict[str, Channel[Any]]) -> Iterator[tuple[str, Capabilities]]:
    for channel in channels.values():
        for surface in channel.surfaces:
            yield f"{title(channel)}, {surface}", channel.can(surface)


def _saying(can: Capabilities) -> Row:
    return (
        f"{can.text_limit:,}",
        can.unit,
        str(can.parts) if can.parts else "as many as needed",
        f"{can.buttons}, titles up to {can.button_title_limit}" if can.buttons else "numbered lines",
        *map(_mark, (can.typing, can.media, can.links)),
        _hiding(can.hiding),
    )


def _hiding(hiding: Hiding | None) -> str:
    if hiding is None:
        return _NO
    how = [_TICK]
    if hiding.own_threads_only:
        how.append("answers in threads that the brand began")
    if not hiding.answerable:
        how.append("what is hidden takes no public answer")
    return f"[{', '.join(how)}]({hiding.source})"


def _hearing(can: Capabilities) -> Row:
    return tuple(map(_mark, (can.edits, can.deletions, can.echoes, can.lookup, can.idempotent_send)))


def _rules(channels: dict[str, Channel[Any]]) -> Iterator[Row]:
    free = []
    for where, can in _everywhere(channels):
        told = list(_told(can))
        yield from ((where, rule, f"[{urlsplit(source).hostname}]({source})") for rule, source in told)
        if not told:
            free.append(where)
    if free:
        yield "; ".join(free), "nothing", _NO


def _told(can: Capabilities) -> Iterator[tuple[str, str]]:
    """Each rule in words, with its source."""
    rules = can.rules
    if rules.window is not None:
        yield f"Reply window: {_time(rules.window)} from the customer's last action in private", rules.window_source
    if rules.human_window is not None:
        yield f"People, never programs: {_time(rules.human_window)}, tagged `{rules.human_tag}`", rules.human_source
    if rules.templates:
        yield "Afterwards only templates that the platform approved", rules.templates_source
    if rules.private_reply is not None:
        within = _time(rules.private_reply.within)
        yield f"One private reply to each public message, within {within}", rules.private_reply.source
    if rules.summoned_only:
        yield "Only who mentioned or quoted the brand may be answered through the API", rules.summoned_source
    if rules.automatic_replies is not None:
        most = rules.automatic_replies
        yield f"At most {most} automatic {'answer' if most == 1 else 'answers'} to each message", rules.automatic_source
    if rules.drafts_only:
        yield "Nothing is posted without a person: what the assistant would say is a draft", rules.drafts_source


# ---- one channel ---------------------------------------------------------------------------------------


def _settings_of(channel: Channel[Any]) -> str:
    fields = msgspec.structs.fields(channel.settings_class)
    needed = {key for key, _, _ in channel.settings.problems() if not getattr(channel.settings, key)}
    rows = [
        (f"`{field.name}`", _default(getattr(channel.settings, field.name)), _note(field, field.name in needed))
        for field in fields
    ]
    limits = list(_limits(channel))
    blocks = [
        f"## {title(channel)}\n",
        f"Section `{section_of(channel.name)}` of `credentials.yml`. What the settings mean:\n"
        f"[README](../channels/{channel.name}/README.md).\n",
        _table(("setting", "default", ""), rows),
    ]
    if limits:
        blocks += [
            _LIMITED,
            _table(("scope", "at most", "in", "counts"), limits),
        ]
    return "\n".join(blocks)


def _note(field: msgspec.structs.FieldInfo, needed: bool) -> str:
    # A field without a default is one that nobody has to write: the system gives it.
    notes = "filled in by Sigap" if field.required else "needed" if needed else "", "secret" if secret(field) else ""
    return ", ".join(filter(None, notes))


def _limits(channel: Channel[Any]) -> Iterator[Row]:
    counted: dict[Limit, list[str]] = {}
    for what, message in _samples(channel):
        for limit in channel.limits(message):
            counted.setdefault(limit, []).append(what)
    for limit, kinds in counted.items():
        told = (kind for kind in kinds if kind != _MEDIA or _PRIVATE not in kinds)
        yield f"`{limit.scope}`", f"{limit.count:,}", _span(limit.window_s), ", ".join(told)


def _samples(channel: Channel[Any]) -> Iterator[tuple[str, OutboundMessage]]:
    """One message of each kind for which a platform counts apart."""

    def message(surface: Surface, **more: Any) -> OutboundMessage:
        # In groups a conversation is one member's exchange in one group, so that both are in its name.
        thread_id = _SOMEBODY if surface is Surface.PRIVATE else f"GROUP_{_SOMEBODY}"
        somebody = Customer(external_id=_SOMEBODY)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return OutboundMessage(
            message_id="m", channel=channel.name, thread_id=thread_id, customer=somebody, created_at=at,
            surface=surface, text="Hello", **more,
        )  # fmt: skip

    if Surface.PRIVATE in channel.surfaces:
        yield _PRIVATE, message(Surface.PRIVATE, to=_SOMEBODY)
        media = (Attachment(kind="video", url="https://arunika.example/video.mp4"),)
        yield _MEDIA, message(Surface.PRIVATE, to=_SOMEBODY, attachments=media)
    if Surface.PUBLIC in channel.surfaces:
        yield "public answers", message(Surface.PUBLIC, reply_to="1", root="1")
    if Surface.PUBLIC in channel.surfaces and channel.can(Surface.PUBLIC).hiding:
        yield "hiding", message(Surface.PUBLIC, kind="hide", reply_to="1")
    if Surface.PUBLIC in channel.surfaces and channel.can(Surface.PUBLIC).rules.private_reply:
        yield "private replies", message(Surface.PRIVATE, entry="1")


# ---- words ---------------------------------------------------------------------------------------------


def _table(heads: Row, rows: Iterable[Row]) -> str:
    lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in (heads, *rows)]
    return "".join((lines[0], f"|{'---|' * len(heads)}\n", *lines[1:]))


def _mark(able: bool) -> str:
    return _TICK if able else _NO


def _time(span: timedelta) -> str:
    # "24 h" is how the platforms' own pages say it.
    return "24 h" if span == timedelta(days=1) else _span(span.total_seconds())


def _span(seconds: float) -> str:
    for size, one, several in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {one if seconds == size else several}"
    return f"{seconds:g} s"


def _default(value: Any) -> str:
    if value in ("", (), None):
        return _NO
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def main(arguments: Sequence[str]) -> int:
    """Write the page to standard output; with `--check` compare it with the one in docs/."""
    if list(arguments) == ["--check"]:
        kept = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if kept == page():
            return 0
        sys.stderr.write(f"{STALE}\n")
        return 1
    sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
