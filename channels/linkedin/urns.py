"""LinkedIn's ids: https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/urns

A comment's URN holds its post's: `urn:li:comment:(urn:li:activity:1,2)`. LinkedIn also writes it as
`urn:li:comment:(activity:1,2)`, even within the same notification; here it has one spelling.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

COMMENT = "urn:li:comment:"
_COMMENT = re.compile(r"urn:li:comment:\((?:urn:li:)?([A-Za-z]+):([^\s,():]+),([^\s,():]+)\)")


def normal(urn: str) -> str:
    """The one spelling of a comment's URN, percent-encoded or not; anything else as it is."""
    found = _COMMENT.fullmatch(unquote(urn))
    return comment(f"urn:li:{found[1]}:{found[2]}", found[3]) if found else urn


def comment(post: str, comment_id: str) -> str:
    return f"{COMMENT}({post},{comment_id})"


def is_comment(urn: str) -> bool:
    return _COMMENT.fullmatch(urn) is not None


def parts(urn: str) -> tuple[str, str]:
    """A comment's post and its id under it. Raises ValueError when it is no comment's URN."""
    found = _COMMENT.fullmatch(urn)
    if found is None:
        raise ValueError("not the URN of a comment")
    return f"urn:li:{found[1]}:{found[2]}", found[3]


def encoded(urn: str) -> str:
    """As it goes into an address: Rest.li 2.0 wants every reserved character of a value escaped."""
    return quote(urn, safe="")
