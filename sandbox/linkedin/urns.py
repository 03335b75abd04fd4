"""URNs as LinkedIn spells them, and the keys and lists of its REST dialect.

https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/urns
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

_COMMENT = re.compile(r"(?:urn:li:comment:)?\((?:urn:li:)?(?P<kind>[A-Za-z]+):(?P<thread>\d+),(?P<number>\d+)\)")
_PAIR = re.compile(r"(\w+):((?:[^,()]|\([^()]*\))*)")


def activity(number: str) -> str:
    """The thread that comments hang on."""
    return f"urn:li:activity:{number}"


def share(number: str) -> str:
    """A post."""
    return f"urn:li:share:{number}"


def comment(thread: str, number: str) -> str:
    """A comment: its thread is an activity's URN."""
    return f"urn:li:comment:({thread},{number})"


def short(comment_urn: str) -> str:
    """The same comment as LinkedIn spells it at other times: `urn:li:comment:(activity:…,…)`."""
    return comment_urn.replace("(urn:li:", "(", 1)


def same(comment_urn: str) -> str:
    """Either spelling as the long one; anything else as it is."""
    found = _COMMENT.fullmatch(comment_urn)
    return comment(f"urn:li:{found['kind']}:{found['thread']}", found["number"]) if found else comment_urn


def number(comment_urn: str) -> str:
    """The last number of a comment's URN."""
    found = _COMMENT.fullmatch(comment_urn)
    return found["number"] if found else ""


def thread(comment_urn: str) -> str:
    """The thread in a comment's URN."""
    found = _COMMENT.fullmatch(comment_urn)
    return f"urn:li:{found['kind']}:{found['thread']}" if found else ""


def record(text: str, decode: Callable[[str], str] = unquote) -> dict[str, str]:
    """`(key:value,key:value)` with percent-encoded values; {} when it is not one.

    https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/protocol-version
    """
    if not (text.startswith("(") and text.endswith(")")):
        return {}
    return {key: decode(value) for key, value in _PAIR.findall(text[1:-1])}


def items(text: str) -> list[str]:
    """`List(a,b)`; one value without the word is a list of one."""
    if text.startswith("List(") and text.endswith(")"):
        return [each for each in text[5:-1].split(",") if each]
    return [text] if text else []
