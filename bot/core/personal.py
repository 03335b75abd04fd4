"""Finds what belongs to one person in a text, and masks it.

One finder for logs, stored words, exports and public replies.

A kind counts only where it fulfils what such a thing must fulfil (a check digit, a real date, a prefix) or where the
words around it say so: order numbers, amounts, tracking numbers and dates of delivery stay readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec
import regex

from bot.core import personal_numbers as numbers
from bot.core import personal_words as words
from bot.core.reading import Reading, normal, read

MASK = "•"
PASSES = 4  # masking may bring two things together that look like a third; then without hints


class Kind(StrEnum):
    """What was found; the desk names it in words of its own (`personal.…`)."""

    PASSWORD = "password"  # noqa: S105
    PIN = "PIN"
    CODE = "one-time code"
    CVV = "card security code"
    CARD = "card number"
    NIK = "NIK"
    NPWP = "NPWP"
    IBAN = "IBAN"
    ACCOUNT = "account number"
    EMAIL = "e-mail address"
    PHONE = "phone number"
    BIRTH = "date of birth"
    ADDRESS = "address"


# What nobody needs to keep once it is typed.
SECRETS = frozenset({Kind.PASSWORD, Kind.PIN, Kind.CODE, Kind.CVV})


class Found(msgspec.Struct, frozen=True):
    """`text[start:end]` is of this kind."""

    kind: Kind
    start: int
    end: int


# In order of precedence: where two overlap, the first one stays.
_FINDERS: tuple[tuple[Kind, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    (Kind.EMAIL, words.emails),
    (Kind.PASSWORD, words.passwords),
    (Kind.IBAN, numbers.ibans),
    (Kind.CARD, numbers.cards),
    (Kind.NPWP, numbers.npwps),
    (Kind.NIK, numbers.niks),
    (Kind.BIRTH, words.births),
    (Kind.CVV, words.cvvs),
    (Kind.PIN, words.pins),
    (Kind.CODE, words.codes),
    (Kind.ADDRESS, words.addresses),
    (Kind.PHONE, numbers.phones),
    (Kind.ACCOUNT, numbers.accounts),
)
# Nothing of ours is without one of these: most log lines and many messages need no closer look.
_WORTH_A_LOOK = regex.compile(r"\d|@|\bat\b|pass|pwd|psw|pw\b|sandi|\b(?:jl|jln|jalan|gang|gg)\b", regex.IGNORECASE)

_SECRET_WORD = regex.compile(
    r"pass|pwd|psw|pw\b|sandi|pin|otp|kode|code|cvv|cvc|cvn|csc|token|security|digits|one[\s-]?time|\d\s?/\s?\d",
    regex.IGNORECASE,
)


def find(text: str, published: Iterable[str] = (), kinds: Iterable[Kind] = Kind) -> tuple[Found, ...]:
    """Everything of one person's in a text, in order, without overlaps.

    `published`: what the brand itself tells everybody (its hotline, its address), exactly as written. `kinds`: look
    for these only.
    """
    whole, wanted = read(text), frozenset(kinds)
    reading = without_published(whole.text, published)
    if not (_SECRET_WORD if wanted <= SECRETS else _WORTH_A_LOOK).search(reading):
        return ()
    taken: list[tuple[int, int]] = []
    found: list[Found] = []
    for kind, finder in _FINDERS:
        if kind not in wanted:
            continue
        for start, end in sorted(finder(reading), key=lambda span: span[0] - span[1]):  # the longest first
            if all(end <= other_start or start >= other_end for other_start, other_end in taken):
                taken.append((start, end))
                found.append(_found(kind, whole, start, end))
    return tuple(sorted(found, key=lambda one: one.start))


def secrets_in(text: str) -> tuple[Found, ...]:
    """Passwords, PINs, one-time codes and card security codes."""
    return find(text, kinds=SECRETS)


def mask(text: str, published: Iterable[str] = (), kinds: Iterable[Kind] = Kind) -> str:
    """The text with dots in place of what `find` finds, and of some kinds a hint: a card's last four digits, an
    e-mail address' first letter. Masking again changes nothing."""
    published, kinds = tuple(published), frozenset(kinds)
    for attempt in range(2 * PASSES):
        found = find(text, published, kinds)
        if not found:
            break
        for one in reversed(found):
            hint = _hint(one.kind, text[one.start : one.end]) if attempt < PASSES else MASK
            text = text[: one.start] + hint + text[one.end :]
    return text


def masked_secrets(text: str) -> str:
    """What is stored of a customer's words: everything but the secrets that nobody needs."""
    return mask(text, kinds=SECRETS)


def without_published(text: str, published: Iterable[str]) -> str:
    """The plain text, with bars in place of what the brand itself publishes."""
    plain = normal(text)
    for known in published:
        # Not as a part of something larger: "Rp1,000" says nothing about "Rp1,000,000".
        pattern = rf"(?<!\d){regex.escape(normal(known))}(?![.,]?\d)"
        plain = regex.sub(pattern, lambda found: "|" * len(found[0]), plain)
    return plain


def _found(kind: Kind, reading: Reading, start: int, end: int) -> Found:
    return Found(kind, *reading.span(start, end))


def _hint(kind: Kind, written: str) -> str:
    """Dots, and as much as a person needs to recognise their own."""
    plain = "".join(character for character in read(written).text if character.isalnum())
    match kind:
        case Kind.CARD | Kind.NIK | Kind.NPWP:
            return MASK * 4 + plain[-4:]
        case Kind.IBAN:
            return plain[:2] + MASK * 4 + plain[-4:]
        case Kind.PHONE | Kind.ACCOUNT:
            return MASK * 4 + plain[-3:]
        case Kind.EMAIL:
            return f"{plain[:1]}{MASK * 3}@{MASK * 3}"
        case _:
            return MASK * 6
