"""Which way foreign currency goes, by the words of a message, in English and Indonesian.

The bank asks one price and pays another, so the way decides which of them is told; where the words leave it open, both
are.
"""

import re
from enum import Enum

from actions.places import ABROAD, COUNTRY


class Way(Enum):
    BUYS = "the customer buys foreign currency or pays with it, at the bank's selling rate"
    SELLS = "the customer sells foreign currency or is paid in it, at the bank's buying rate"
    OPEN = "nothing tells"


_BANK = r"(?:you(?: guys)?|u|kalian|anda|(?:the |your )?bank(?:nya)?(?: arunika)?|arunika)"
_TRADES = r"(?:(?:di|men|mem|nge)?(?:jual|beli)|sell(?:s|ing)?|buy(?:s|ing)?)"
# Both sides named, or one that anybody may be: "kak jual" (do you?, or shall I?), "di bank jual", "dibeli berapa".
_EITHER = re.compile(
    r"\b(?:jual|sell(?:ing)?)\s*(?:sama|dan|and|atau|or|/|&)?\s*(?:beli|buy(?:ing)?)\b"
    r"|\b(?:beli|buy(?:ing)?)\s*(?:sama|dan|and|atau|or|/|&)\s*(?:jual|sell(?:ing)?)\b"
    rf"|\b(?:kak|kakak|min|mimin|mas|mbak|bang) {_TRADES}\b|\b(?:di|ke|dari|at|from|with) {_BANK} {_TRADES}\b"
    rf"|\b(?<!mau )(?<!bisa )di(?:jual|beli)\b(?!(?: oleh| sama)? {_BANK})"
)
# The names of the rates, and what "you" do, are the bank's side.
_BANK_SELLS = re.compile(
    r"\b(?:kurs|harga|rate|nilai) jual\b|\bsell(?:ing)? (?:rate|price)s?\b|\bsell (?:me|us(?! dollar))\b"
    rf"|\b{_BANK}(?:'re| are|'ll| will| bisa| mau)? (?:(?:men|nge)?jual|sell(?:s|ing)?)\b(?! my)"
    rf"|\bdijual(?: oleh| sama)? {_BANK}\b"
)
_BANK_BUYS = re.compile(
    r"\b(?:kurs|harga|rate|nilai) beli\b|\bbuy(?:ing)? (?:rate|price)s?\b"
    rf"|\b{_BANK}(?:'re| are|'ll| will|'d| would| bisa| mau)? "
    r"(?:(?:mem|nge)?beli|(?:mem)?bayar|(?:buy|pay)(?:s|ing)?|give (?:me )?for)\b(?! me)"
    rf"|\bdibeli(?: oleh| sama)? {_BANK}\b"
)
# Where money that is sent comes from and goes to.
_SENT = re.compile(
    r"\b(?:(?:kirim(?!an)|ngirim|mengirim|send|wir(?:e|ing)|transfer(?!an)|tf|remit)\w*|sent)\b(?P<route>.*)"
)
_PLACE = rf"(?<!dolar )(?<!dollar )(?<!dollars )\b(?:{COUNTRY}|{ABROAD})\b(?! dol)"
_COMES = re.compile(
    rf"\b(?:from|dari)\b(?:(?!\b(?:to|ke)\b).){{0,30}}?{_PLACE}|\b(?:to|ke) (?:indonesia|sini|here|saya|aku|me)\b"
)
_LEAVES = re.compile(rf"\b(?:to|ke)\b(?:(?!\b(?:from|dari)\b).){{0,30}}?{_PLACE}")
# From somebody, or into an account: it may be the customer's own, or somebody else's.
_FROM_SOMEBODY = re.compile(
    r"\b(?:from|dari) (?!(?:bank )?arunika|sini|here|indonesia|rek|saldo|tabungan|"
    r"(?:my |the )?(?:account|balance|savings|app))|\b(?:to my account|ke rek(?:ening)?(?: ?(?:saya|aku|ku|gw|gue)))\b"
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
    rf"(?:te|ne|mene)rima(?! (?:berapa|brp))|{_INTO_RUPIAH})\b"
)
_BUYS = re.compile(
    r"\b(?:(?:di|mem|nge)?beli(?:in|kan)?|buy(?:ing)?|bought|purchas\w*|spen[dt]\w*|booking|need|butuh|perlu|"
    r"(?:me)?(?:ng|k)irim(?:in|kan)?|(?<!will )send(?:ing)?|wir(?:e|ing)|transfer(?:ring)?|tf|remit\w*|pay(?:ing)?|"
    r"(?:mem)?bayar(?:in)?)\b"
)
# Each takes its words away from those below: "kurs jual" is no "jual", and "pay me" no "pay".
_BANKS_SIDE = ((Way.BUYS, _BANK_SELLS), (Way.SELLS, _BANK_BUYS))
_TOLD = ((Way.SELLS, _SELLS), (Way.BUYS, _BUYS))
# Rupiah is the customer's own, and buys, unless these say that they are what is wanted for foreign money.
_FOR_RUPIAH = re.compile(
    rf"\b(?:(?:men|nge)?jual\w*|sell\w*|sold|{_INTO_RUPIAH}|(?:get|receive|da?pe?t|dapat) (?:rp|idr)?\.? ?\d"
    r"|(?:paid|salary|dibayar|digaji|gaji\w*|terima) (?:is )?(?:in|dalam|pake|pakai) (?!rupiah|idr|rp))"
)
# What only hints, at foreign money that the customer has or will need.
_HAS = re.compile(
    r"\b(?:i've|punya|pegang|(?:exchange|change|convert|swap) my|(?:da?pe?t|dapat) (?:berapa|brp)|"
    r"(?:i|we)(?:'ll| will| would)? (?:have|got|get|receive))\b"
)
_TRAVELS = re.compile(r"\b(?:umr[ao]h|haji|hajj|liburan|trip|travel\w*|holiday|vacation|fly(?:ing)?|berangkat)\b")


def way(text: str, currency: str) -> Way:
    """`currency`: of the amount in the text (ISO 4217)."""
    said = text.lower().replace("’", "'")
    if _EITHER.search(said):
        return Way.OPEN
    found: set[Way] = set()
    rest = said
    for told, pattern in _BANKS_SIDE:
        rest, count = pattern.subn(" ", rest)
        if count:
            found.add(told)
    if currency == "IDR":
        open_ = len(found) > 1 or (not found and _FOR_RUPIAH.search(rest))
        return Way.OPEN if open_ else found.pop() if found else Way.BUYS
    sent = _SENT.search(rest)
    if sent:
        route = sent["route"]
        directions = {told for told, pattern in ((Way.SELLS, _COMES), (Way.BUYS, _LEAVES)) if pattern.search(route)}
        if directions or _FROM_SOMEBODY.search(route):
            return directions.pop() if len(directions) == 1 else Way.OPEN
    for told, pattern in _TOLD:
        rest, count = pattern.subn(" ", rest)
        if count:
            found.add(told)
    if not found:
        found = {hint for hint, pattern in ((Way.SELLS, _HAS), (Way.BUYS, _TRAVELS)) if pattern.search(rest)}
    return found.pop() if len(found) == 1 else Way.OPEN
