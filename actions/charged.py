"""What a question about fees is about, by its words, in English and Indonesian.

The intent `transfer_fee` holds them all; a cash withdrawal or a transfer abroad answered with the fee of a domestic
transfer would be a wrong price.
"""

import re
from enum import Enum

from actions.places import ABROAD, COUNTRY


class Charged(Enum):
    TRANSFER = "a transfer within the country"
    ABROAD = "a transfer to another country"
    CASH = "cash from another bank's machine"
    OTHER = "several of these, or something without an answer of its own: the whole list helps"


_ABROAD = re.compile(
    rf"\b(?:{COUNTRY}|{ABROAD}|international(?:ly)?|internasional|remit\w*|remitansi|valas|correspondent|koresponden|"
    r"(?:via|by|through|pakai|pake|lewat|biaya|tarif|fees?|transfer|kirim|tf) swift|"
    r"swift (?:payment|transfer|wire|code|fee|charge)s?|foreign (?:bank|account|transfer|country|currency)|tk[iw]|"
    r"rek(?:ening)? (?:usd|sgd|asing|dolar|dollar))\b"
)
_FROM_ABROAD = re.compile(
    rf"\b(?:from|dari) (?:{COUNTRY}|{ABROAD})\b|\b(?:incoming|receiv(?:e|ing)|(?:te|ne|mene)rima|masuk)\b"
)
# A country in the name of a bank or a street, which may well be here.
_NAMED_AFTER = re.compile(
    rf"\b(?:bank(?: of)?|jln?\.?|jalan|street|restoran|resto) {COUNTRY}\b|\b{COUNTRY} indonesia\b"
)
_CASH = re.compile(
    r"\bwithdraw\w*|\bcash ?out\b|\b(?:tarik(?:an|nya)?|narik(?:nya)?|penarikan)\b(?! (?:biaya|admin|fee|ongkos))|"
    r"\bwd\b|\batm (?:fees?|(?:bank )?lain)\b|\b(?:an)?other bank(?:'?s|s')? (?:atm|machine)s?\b|\bget(?:ting)? cash\b|"
    r"\b(?:tak(?:e|es|ing)|pull(?:ing)?|draw(?:ing)?) (?:out\b|(?:\S+ ){0,3}(?:cash\b|money (?:out|from|at)\b))|"
    r"\b(?:ng)?ambil (?:uang|duit|tunai|cash|rp|\d|.{0,20}\batm\b)"
)
_OWN_MACHINE = re.compile(
    r"\b(?:atm|mesin|machine)s? (?:bank )?(?:arunika|sendiri|kalian|anda|sini)\b|"
    r"\b(?:your|arunika(?:'?s)?) (?:own )?(?:bank'?s )?(?:atm|machine|cash)|\b(?:at|di|from|dari) (?:bank )?arunika\b"
)
_TRANSFER = re.compile(r"\b(?:transfer\w*|trf|tf|bi-?fast|rtgs|skn|kirim\w*|send\w*|wire)\b")
# E-wallets are in the list; the others are priced by whoever owns them, or not by the amount.
_ELSEWHERE = re.compile(
    r"\b(?:(?:cek|check\w*) (?:my |the |a )?(?:saldo\w*|balance)|indomaret|alfamart|alfamidi|mini ?market\w*|gopay|ovo|"
    r"shopee ?pay|link ?aja|isaku|astrapay|e-?wallets?|dompet digital|"
    r"western union|moneygram|paypal|wise|top(?:p(?:ed|ing))? ?-?up|(?:ke|isi|saldo|my|fill\w*|load\w*|to) dana)\b"
)

# Whoever gets it, if it is nobody of these, may live anywhere.
_GOES_TO = re.compile(
    r"\b(?:transfer\w*|trf|tf|bi-?fast|rtgs|skn|kirim\w*|send\w*|sent|wire)\b.*?\b(?:to|ke)\b(?P<route>.*)"
)
_TARGET = re.compile(
    r"(?:^|\b(?:to|ke|in|di))\s+(?:(?:my|the|a|an|our|your|his|her|their|some|same|rek|rekening|account|akun)\s+)*(?P<word>[\w']+)"
)
_AT_HOME = frozenset(
    """bca bni bri btn bsi mandiri mndri cimb niaga danamon permata panin ocbc nisp mega jago jenius seabank neobank neo
    blu superbank jatim jateng bjb dki syariah arunika sesama bank banks banknya lain other others another
    different sebelah beda sendiri account accounts rek rekening norek nomor number akun va virtual you kalian
    sini here indonesia app aplikasi atm pay mum mom mother dad father parents wife husband brother sister son
    daughter kid kids friend friends family someone him her them me ibu mama bapak ayah papa ortu orang orangtua
    adik adek kakak anak istri suami teman temen saudara keluarga pacar org""".split()
)


def charged(text: str) -> Charged:
    """A pressed button comes as its payload, which is about everything that a transfer costs."""
    lowered = text.lower().replace("’", "'")
    cash, abroad = bool(_CASH.search(lowered)), bool(_ABROAD.search(lowered))
    if _ELSEWHERE.search(lowered) or (cash and (abroad or _TRANSFER.search(lowered) or _OWN_MACHINE.search(lowered))):
        return Charged.OTHER
    if abroad:
        doubtful = _FROM_ABROAD.search(lowered) or _NAMED_AFTER.search(lowered)
        return Charged.OTHER if doubtful else Charged.ABROAD
    if cash:
        return Charged.CASH
    return Charged.OTHER if _may_go_abroad(lowered) else Charged.TRANSFER


def _may_go_abroad(lowered: str) -> bool:
    goes = _GOES_TO.search(lowered)
    targets = _TARGET.finditer(goes["route"]) if goes else ()
    # Swift without a word of banking beside it may be the way abroad, or the singer.
    return any(not _is_at_home(target["word"]) for target in targets) or "swift" in lowered


def _is_at_home(word: str) -> bool:
    return word.removesuffix("'s").removesuffix("ku") in _AT_HOME or word.isdecimal()
