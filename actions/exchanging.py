"""Which way foreign currency goes, by the words of a message, in English and Indonesian.

The bank asks one price and pays another, so the way decides which of them is told; where the words leave it open, both
are.
"""

import re
from enum import Enum


class Way(Enum):
    BUYS = "the customer buys foreign currency or pays with it, at the bank's selling rate"
    SELLS = "the customer sells foreign currency or is paid in it, at the bank's buying rate"
    OPEN = "nothing tells"


_BOTH = re.compile(
    r"\b(?:jual|sell(?:ing)?)\s*(?:sama|dan|and|atau|or|/|&)?\s*(?:beli|buy(?:ing)?)\b"
    r"|\b(?:beli|buy(?:ing)?)\s*(?:sama|dan|and|atau|or|/|&)\s*(?:jual|sell(?:ing)?)\b"
)
# The names of the rates, and what "you" do, are the bank's side.
_BANK_SELLS = re.compile(
    r"\b(?:kurs|harga|rate|nilai) jual\b|\bsell(?:ing)? (?:rate|price)s?\b|\b(?:you|u)(?:'re| are)? sell(?:ing)?\b"
)
_BANK_BUYS = re.compile(
    r"\b(?:kurs|harga|rate|nilai) beli\b|\bbuy(?:ing)? (?:rate|price)s?\b"
    r"|\b(?:you|u|arunika)(?:'re| are|'ll| will|'d| would)? (?:(?:buy|pay)(?:ing)?|give (?:me )?for)\b"
)
_INCOMING = (
    r"(?:(?:kirim|send|wire|transfer|tf)\w*|sent)\b.{0,40}?\b(?:(?:to|ke) (?:indonesia|sini|saya|aku)"
    r"|(?:dari|from) (?!arunika|sini|rek|saldo|tabungan|app|my|here|indonesia))"
)
_INTO_RUPIAH = (
    r"(?<!nilai )(?<!kurs )(?:(?:di|me)?[tn]uk[ae]r|chang|swap|exchang(?!e rate)|convert|konversi)\w*\b.{0,40}?"
    r"\b(?:to|into|ke|jadi|for) (?:rupiah|idr)"
)
_SELLS = re.compile(
    r"\b(?:(?:di|men|nge)?jual(?:in|kan)?|sell(?:ing)?|sold|leftovers?|left over|sisa\w*|"
    r"(?:pay|paid|send|sent|wire|transfer|owe)(?:s|d|ing|red|ring)? (?:me|us(?! dollar))|"
    r"(?:get|gets|getting|got|am|i'm|be|being|was) paid|paid (?:in|by)(?! card)|salary|received|receiving|"
    r"incoming(?: (?:transfer|wire|payment))?|(?:di|men)?cair(?:in|kan)?|nyairin|"
    r"dibayar(?:in)?|digaji|gaji\w*|bayaran|honor\w*|kiriman|transferan|"
    rf"(?:te|ne|mene)rima(?! (?:berapa|brp))|{_INCOMING}|{_INTO_RUPIAH})\b"
)
_BUYS = re.compile(
    r"\b(?:(?:di|mem|nge)?beli(?:in|kan)?|buy(?:ing)?|bought|purchas\w*|spen[dt]\w*|booking|need|butuh|perlu|"
    r"(?:me)?(?:ng|k)irim(?:in|kan)?|(?<!will )send(?:ing)?|wir(?:e|ing)|transfer(?:ring)?|tf|remit\w*|pay(?:ing)?|"
    r"(?:mem)?bayar(?:in)?)\b"
)
# Each takes its words away from those below: "kurs jual" is no "jual", and "pay me" no "pay".
_TOLD = ((Way.BUYS, _BANK_SELLS), (Way.SELLS, _BANK_BUYS), (Way.SELLS, _SELLS), (Way.BUYS, _BUYS))
# What only hints, at foreign money that the customer has or will need.
_HAS = re.compile(
    r"\b(?:i've|punya|pegang|(?:exchange|change|convert|swap) my|(?:da?pe?t|dapat) (?:berapa|brp)|"
    r"(?:i|we)(?:'ll| will| would)? (?:have|got|get|receive))\b"
)
_TRAVELS = re.compile(r"\b(?:umr[ao]h|haji|hajj|liburan|trip|travel\w*|holiday|vacation|fly(?:ing)?|berangkat)\b")


def way(text: str, currency: str) -> Way:
    """`currency`: of the amount in the text (ISO 4217). Who names rupiah and nothing else has rupiah to change."""
    rest = text.lower().replace("’", "'")
    if _BOTH.search(rest):
        return Way.OPEN
    found: set[Way] = set()
    for told, pattern in _TOLD:
        rest, count = pattern.subn(" ", rest)
        if count:
            found.add(told)
    if not found and currency == "IDR":
        return Way.BUYS
    if not found:
        found = {hint for hint, pattern in ((Way.SELLS, _HAS), (Way.BUYS, _TRAVELS)) if pattern.search(rest)}
    return found.pop() if len(found) == 1 else Way.OPEN
