"""What a question about fees is about, by its words, in English and Indonesian.

The intent `transfer_fee` holds them all; a cash withdrawal or a transfer abroad answered with the fee of a domestic
transfer would be a wrong price.
"""

import re
from enum import Enum


class Charged(Enum):
    TRANSFER = "a transfer within the country"
    ABROAD = "a transfer to another country"
    CASH = "cash from another bank's machine"
    OTHER = "several of these, or something without an answer of its own: the whole list helps"


_COUNTRIES = (
    r"(?:singap(?:ore|ura|ur)|malaysia|kuala lumpur|australia|aussie|melbourne|sydney|perth|jepang|japan|tokyo|osaka|"
    r"korea|seoul|hong ?kong|taiwan|tiongkok|china|cina|thailand|thai|bangkok|vietnam|india|brunei|filipin[ao]?|"
    r"philippines|timor leste|arab|saudi(?: arabia)?|mekah|mecca|dubai|uae|qatar|mesir|egypt|turki|turkey|amerika|"
    r"america|amrik|usa|united states|kanada|canada|inggris|england|london|uk|britain|jerman|germany|belanda|"
    r"netherlands|prancis|perancis|france|italia|italy|spanyol|spain|swiss|switzerland|eropa|europe|selandia baru|"
    r"new zealand)"
)
_ABROAD_WORDS = r"(?:abroad|overseas|luar neg(?:eri|ri)|another country|other countries|negara lain|ln)"
_ABROAD = re.compile(
    rf"\b(?:{_COUNTRIES}|{_ABROAD_WORDS}|swift|international(?:ly)?|internasional|remit\w*|remitansi|valas|"
    r"correspondent|koresponden|foreign (?:bank|account|transfer|country|currency)|tk[iw]|"
    r"ke (?:us|sg|hk|nz)|to the us|rek(?:ening)? (?:usd|sgd|asing|dolar|dollar))\b"
)
_FROM_ABROAD = re.compile(
    rf"\b(?:from|dari) (?:{_COUNTRIES}|{_ABROAD_WORDS})\b|\b(?:incoming|receiv(?:e|ing)|(?:te|ne|mene)rima|masuk)\b"
)
_CASH = re.compile(
    r"\bwithdraw\w*|\bcash ?out\b|\b(?:tarik(?:an|nya)?|narik(?:nya)?|penarikan)\b(?! (?:biaya|admin|fee|ongkos))|"
    r"\bwd\b|\batm (?:fees?|(?:bank )?lain)\b|\b(?:an)?other bank(?:'?s|s')? (?:atm|machine)s?\b|\bget(?:ting)? cash\b|"
    r"\b(?:tak(?:e|es|ing)|pull(?:ing)?|draw(?:ing)?) (?:out\b|(?:\S+ ){0,3}(?:cash\b|money (?:out|from|at)\b))|"
    r"\b(?:ng)?ambil (?:uang|duit|tunai|cash|rp|\d|.{0,20}\batm\b)"
)
_TRANSFER = re.compile(r"\b(?:transfer\w*|trf|tf|bi-?fast|rtgs|skn|kirim\w*|send\w*|wire)\b")
# E-wallets are in the list; the others are priced by whoever owns them, or not by the amount.
_ELSEWHERE = re.compile(
    r"\b(?:(?:cek|check\w*) (?:my |the |a )?(?:saldo\w*|balance)|indomaret|alfamart|alfamidi|mini ?market\w*|gopay|ovo|"
    r"shopee ?pay|link ?aja|isaku|astrapay|e-?wallets?|dompet digital|"
    r"top(?:p(?:ed|ing))? ?-?up|(?:ke|isi|saldo|my|fill\w*|load\w*|to) dana)\b"
)


def charged(text: str) -> Charged:
    """A pressed button comes as its payload, which is about everything that a transfer costs."""
    lowered = text.lower().replace("’", "'")
    cash, abroad = bool(_CASH.search(lowered)), bool(_ABROAD.search(lowered))
    if _ELSEWHERE.search(lowered) or (cash and (abroad or _TRANSFER.search(lowered))):
        return Charged.OTHER
    if abroad:
        return Charged.OTHER if _FROM_ABROAD.search(lowered) else Charged.ABROAD
    return Charged.CASH if cash else Charged.TRANSFER
