"""Which channels there are, and how `credentials.yml` (in Rasa's own format) becomes channel objects."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from channels.base import Channel, Transport
from channels.errors import SettingsError

# The one list. Paths instead of classes, so that reading it imports no platform's library.
CHANNELS: Mapping[str, str] = {
    "facebook": "channels.facebook.channel.FacebookChannel",
    "instagram": "channels.instagram.channel.InstagramChannel",
    "linkedin": "channels.linkedin.channel.LinkedinChannel",
    "telegram": "channels.telegram.channel.TelegramChannel",
    "webchat": "channels.webchat.channel.WebchatChannel",
    "whatsapp": "channels.whatsapp.channel.WhatsappChannel",
    "x": "channels.x.channel.XChannel",
}

# Rasa finds an input channel by its dotted class path, so that is what a section of ours is called.
SECTION_PREFIX = "channels.rasa_connector."

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class _PlainConstructor(SafeConstructor):
    """Reads `${VARIABLE}` as the text that it is.

    Importing Rasa teaches the YAML library's own constructor, for the whole process, to replace variables
    from the process environment and to stop at an unset one, even in a section that is not ours.
    """


_PlainConstructor.add_constructor("!env_var", lambda constructor, node: constructor.construct_scalar(node))


def class_name(name: str) -> str:
    """The connector class of a channel: "telegram" → "Telegram", "facebook_comments" → "FacebookComments"."""
    return "".join(word.capitalize() for word in name.split("_"))


def section_of(name: str) -> str:
    """The key of a channel's section in credentials.yml."""
    return SECTION_PREFIX + class_name(name)


def channel_class(name: str) -> type[Channel[Any]]:
    """The class of a registered channel, imported on demand. Raises KeyError for an unknown name."""
    module, _, attribute = CHANNELS[name].rpartition(".")
    found: type[Channel[Any]] = getattr(importlib.import_module(module), attribute)
    return found


def read_credentials(path: Path, environ: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The sections of credentials.yml, with `${VARIABLE}` replaced in ours.

    A missing file is an empty one. Raises SettingsError with the line when it is not YAML, or naming section,
    key and variable when one is not set. Sections that are not ours stay as they are: they are
    Rasa's to read.
    """
    if not path.exists():
        return {}
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _PlainConstructor
    try:
        document = reader.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(path.name, f"cannot be read ({error.strerror})", "Correct the path or its rights") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        problem = f"not YAML ({error.problem})"
        raise SettingsError(f"{path.name}:{line}", problem, "Correct this line") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(path.name, f"not YAML ({type(error).__name__})", "Correct the file") from None
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise SettingsError(path.name, "not a list of sections", "Write `section:` lines, settings under them")
    sections = {str(key): {} if value is None else value for key, value in document.items()}
    return {
        section: _expand(values, section, environ) if is_ours(section) else values
        for section, values in sections.items()
    }


def is_ours(section: str) -> bool:
    return section.startswith("channels.")


def foreign_sections(credentials: Mapping[str, Any]) -> tuple[str, ...]:
    """Sections for Rasa's own channels (`rest:`, `socketio:` …), which only `rasa run` serves."""
    return tuple(section for section in credentials if not is_ours(section))


def load_channels(
    credentials: Mapping[str, Mapping[str, Any]], transports: Mapping[str, Transport] | None = None
) -> dict[str, Channel[Any]]:
    """Build every channel that has a section, by name. Raises SettingsError naming the key and the fix.

    `transports` gives a channel its way out by name: needed by those whose delivery is "feed",
    and for tests.
    """
    names = {section_of(name): name for name in CHANNELS}
    channels: dict[str, Channel[Any]] = {}
    for section, values in credentials.items():
        if not is_ours(section):
            continue
        if section not in names:
            known = ", ".join(sorted(names))
            raise SettingsError(section, "unknown channel", f"Remove it or use one of: {known}")
        if not isinstance(values, Mapping):
            raise SettingsError(section, "not a list of settings", "Write `key: value` lines under it")
        name = names[section]
        channels[name] = channel_class(name).from_mapping(values, (transports or {}).get(name))
    return channels


def _expand(value: Any, key: str, environ: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _expand(item, f"{key}.{name}", environ) for name, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, f"{key}.{number}", environ) for number, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def lookup(match: re.Match[str]) -> str:
        variable = match.group(1)
        if variable not in environ:
            problem = f"the environment variable {variable} is not set"
            raise SettingsError(key, problem, f"Set {variable} or write the value here")
        return environ[variable]

    return _VARIABLE.sub(lookup, value)
