"""How long contents are kept, from data/retention.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec
from ruamel.yaml import YAML, YAMLError

from bot.core.forgetting import Keep, span
from channels.errors import SettingsError

_EXAMPLE = "messages: 2 years"


def read_retention(path: Path, channels: Iterable[str]) -> Mapping[str, Keep]:
    """Channel → how long. Raises SettingsError that names the key and the fix: a channel without an entry, an entry
    without a channel, a time that is none. A missing file stops the start: it holds legal rules."""
    try:
        keep = msgspec.convert(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}, dict[str, Keep])
    except OSError as error:
        raise SettingsError(path.name, f"cannot be read ({error.strerror})", "Restore data/retention.yml") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(path.name, f"is not YAML ({type(error).__name__})", "Correct the file") from None
    except msgspec.ValidationError as error:
        raise SettingsError(path.name, str(error), f'Write it like "telegram: {{{_EXAMPLE}}}"') from None
    known = sorted(channels)
    for channel in keep:
        if channel not in known:
            near = get_close_matches(channel, known, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Remove it. Known: {', '.join(known)}"
            raise SettingsError(f"{path.name}: {channel}", "is no channel", fix)
    for channel in known:
        if channel not in keep:
            raise SettingsError(f"{path.name}: {channel}", "has no entry", f'Add one, like "{_EXAMPLE}"')
        for name in ("messages", "profile"):
            text = getattr(keep[channel], name)
            try:
                span(text or keep[channel].messages)
            except ValueError:
                raise SettingsError(
                    f"{path.name}: {channel}.{name}",
                    f"“{text}” is not a time",
                    'Write "48 hours", "30 days" or "2 years"',
                ) from None
    return keep
