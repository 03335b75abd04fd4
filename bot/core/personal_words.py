"""Addresses, dates of birth and secrets in running text, in English, Indonesian and both at once.

People type secrets in few ways: the word for it, some small words, the secret; or the secret first. A number counts as
one only there, so that orders, amounts and dates stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import regex

from bot.core.personal_numbers import Span

_FLAGS = regex.IGNORECASE | regex.VERBOSE

# ---- e-mail and street addresses ------------------------------------------------------------------------

_EMAIL = regex.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.)+\p{L}{2,}")
_EMAIL_SPELT = regex.compile(
    r"(?<![\w.+-])[\w.+-]{2,64}\s*(?:[\[({]\s*at\s*[\])}]|\s+at\s+(?=\w+\s+dot\s))\s*"
    r"[\w-]+(?:\s*(?:\.|[\[({]\s*dot\s*[\])}]|\s+dot\s+)\s*[\w-]+)+",
    regex.IGNORECASE,
)

_HOUSE = r"(?:(?:no|nomor|nmr|number)\s*[.:]?\s*)?\d{1,4}\s?[a-z]?(?!\d|\p{L})(?:\s?[-/]\s?\d{1,4})?"
_MORE = (  # what may follow a street
    rf"(?:[\s,]+(?:{_HOUSE}|rt\s?[./:]?\s?\d{{1,3}}(?:\s?[/,]?\s?(?:rw)?\s?[./:]?\s?\d{{1,3}})?|rw\s?[./:]?\s?\d{{1,3}}"
    r"|(?:blok|block|kav(?:ling)?|lantai|lt|unit|apt|apartment|suite)\s?[./:]?\s?[a-z]{0,2}\d*[a-z]?\d*"
    r"|(?:kel(?:urahan)?|kec(?:amatan)?|kab(?:upaten)?|kota|desa|dusun|provinsi|prov)\s?[./:]?\s?\p{L}+(?:\s\p{Lu}\p{L}+)?"
    r"|(?-i:\p{Lu}\p{L}+(?:\s\p{Lu}\p{L}+)?)[\s,]+\d{5}|\d{5})(?!\d))*"
)
_ADDRESSES = [
    # Jl. Melati Raya 5, jalan merdeka no 12: the street's name, then a number
    regex.compile(
        rf"\b(?:jl|jln|jalan|gang|gg)\b\.?\s*(?:\p{{L}}[\p{{L}}'.]*\s+){{0,4}}\p{{L}}[\p{{L}}'.]*[\s,]+{_HOUSE}{_MORE}",
        regex.IGNORECASE,
    ),
    # Jalan Merdeka, jl melati: "jalan" alone also means to walk
    regex.compile(rf"\b(?i:jl|jln)\b\.?\s+\p{{L}}{{3,}}(?:\s+\p{{Lu}}\p{{L}}+){{0,3}}(?i:{_MORE})"),
    regex.compile(rf"\b(?:Jalan|Gang|Gg)\b\.?\s+\p{{Lu}}\p{{L}}{{2,}}(?:\s+\p{{Lu}}\p{{L}}+){{0,3}}(?i:{_MORE})"),
    regex.compile(r"\brt\s?[./:]?\s?\d{1,3}\s?[/,]?\s?rw\s?[./:]?\s?\d{1,3}\b", regex.IGNORECASE),
    regex.compile(
        rf"\b(?:perum(?:ahan)?|komp(?:lek|leks)?|apartemen|apt)\b\.?\s+(?:\p{{L}}+\s+){{1,4}}?"
        rf"(?:(?:blok|block|unit|no|lt|lantai|tower)\b[\s.:]*[a-z]{{0,2}}\s?\d+[a-z]?(?:\s?[/-]\s?\d+)?){_MORE}",
        regex.IGNORECASE,
    ),
    # 12 Baker Street, 221b baker street: in small letters only where the words can't be others
    regex.compile(
        r"\b\d{1,5}[A-Za-z]?(?:[-/]\d{1,4})?,?\s+(?:\p{Lu}[\p{L}'.]*\s+){1,4}"
        r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|sq|close|crescent|"
        r"way|terrace|highway|hwy|parkway|mews|grove|gardens)\b\.?"
        rf"(?i:{_MORE})"
    ),
    regex.compile(
        r"\b\d{1,5}[a-z]?,?\s+(?!(?:on|in|at|the|of|a|an|my|your|this|that|down|across|per|for|to|from|and|or|is|no|"
        r"minutes?|hours?|days?|weeks?|people|items?|times?)\b)\p{L}{3,}\s+(?:street|avenue|road|lane|boulevard|blvd)\b"
        rf"{_MORE}",
        regex.IGNORECASE,
    ),
    regex.compile(r"\bP\.?\s?O\.?\s?Box\s+\d+\b", regex.IGNORECASE),
]
_ADDRESS_TOLD = regex.compile(
    r"\b(?:alamat(?:nya|ku)?(?:\s+(?:saya|rumah|lengkap|kirim|pengiriman|gue|gw|aku|tinggal))*|"
    r"(?:my|home|shipping|delivery|billing)(?:\s+\w+)?\s+address)\s*(?:is|di|adalah|itu|:|=)+\s*"
    r"(?P<told>[^\n;?!]{5,120})",
    regex.IGNORECASE,
)


def emails(text: str) -> Iterator[Span]:
    for pattern in (_EMAIL, _EMAIL_SPELT):
        yield from (found.span() for found in pattern.finditer(text))


def addresses(text: str) -> Iterator[Span]:
    for pattern in _ADDRESSES:
        yield from (found.span() for found in pattern.finditer(text))
    for found in _ADDRESS_TOLD.finditer(text):
        told = regex.split(r"(?<=\p{L}{3})\.\s|\.$", found["told"])[0].rstrip(" ,.")
        if regex.search(r"\d", told) and "@" not in told and not told.startswith(("http", "www")):
            yield found.start("told"), found.start("told") + len(told)


# ---- dates of birth -----------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari",
            "feb february februari pebruari",
            "mar march maret",
            "apr april",
            "may mei",
            "jun june juni",
            "jul july juli",
            "aug august agu agustus agt",
            "sep sept september",
            "oct october",
            "nov november nopember",
            "dec december des desember",
        ),
        1,
    )
    for name in names.split()
} | {"okt": 10, "oktober": 10}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = regex.compile(
    rf"""(?<![\d.,/-])(?:
      (?P<d>\d{{1,2}})\s?[-/. ]\s?(?P<m>\d{{1,2}})\s?[-/. ]\s?(?P<y>\d{{4}}|\d{{2}})
    | (?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})
    | (?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[\s,-]*(?P<n>{_MONTH})[\s,.-]*(?P<y>\d{{4}}|\d{{2}})
    | (?P<n>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(?P<y>\d{{4}})
    | (?P<d>\d{{2}})(?P<m>\d{{2}})(?P<y>\d{{4}})
    )(?![\d/]|[.,-]\d)""",
    _FLAGS,
)
_BORN = r"(?:born|birth\s?day|birth|d\.?o\.?b|lahir(?:nya|an)?|ttl|t\.t\.l|tgl\s?lhr|ultah)"
_BORN_BEFORE = regex.compile(rf"\b{_BORN}\b[^\d\n]{{0,40}}$", regex.IGNORECASE)
_BORN_AFTER = regex.compile(
    r"\s*(?:is|itu|adalah|=)?\s*(?:my|the)?\s*(?:date of birth|d\.?o\.?b|birth\s?day|(?:tanggal|tgl)\s?lahir)\b",
    regex.IGNORECASE,
)
_IDENTIFIED = regex.compile(r"\b(?:nik|e?-?ktp|id card|identity|passport|paspor|nama lengkap)\b.{0,60}$",
                            regex.IGNORECASE | regex.DOTALL)  # fmt: skip
OLDEST, YOUNGEST_WITH_ID = 1900, 2012


def births(text: str) -> Iterator[Span]:
    for found in _DATE.finditer(text):
        year = _year(found)
        if year is None:
            continue
        told = _BORN_BEFORE.search(text, 0, found.start()) or _BORN_AFTER.match(text, found.end())
        identified = year <= YOUNGEST_WITH_ID and len(found["y"]) == 4 and _IDENTIFIED.search(text, 0, found.start())
        if told or identified:
            yield found.span()


def _year(found: regex.Match[str]) -> int | None:
    """The year, when it is a date at all: day first, or month first as in the US."""
    year = int(found["y"])
    if year < 100:
        year += 2000 if year < 30 else 1900
    month = _MONTHS[found["n"].lower()] if found["n"] else int(found["m"])
    for day, of in ((int(found["d"]), month), (month, int(found["d"]))):
        try:
            date(year, of, day)
        except ValueError:
            continue
        return year if year >= OLDEST else None
    return None


# ---- secrets ------------------------------------------------------------------------------------------

_SMALL = (  # what may stand between the word and the secret
    r"(?:\s+|[-:=,\"'“”.]|->)(?:(?:saya|aku|gue|gua|gw|ku|nya|ini|itu|tuh|ya|adalah|yaitu|yakni|ialah|is|was|are|the|my|"
    r"it|it's|its|for|untuk|buat|akun|account|login|log|in|app|aplikasi|atm|m-?banking|mobile|internet|banking|kartu|"
    r"card|bank|email|wifi|lama|baru|new|old|current|number|no|nomor|code|kode|kodenya|yang|yg|masuk|dikirim|dapat|"
    r"dapet|sent|received|got|get|i|just|tadi|barusan|dari|from|sms|wa|whatsapp|via|to|me|ke|hp|say|says|bilang|"
    r"jadi|so|here|berikut|tolong|please|cek|check)\b)?"
)
_DIGITS_4_8 = (
    r"(?<![\d.,/])\d(?:[\s-]?\d){3,7}(?![\d%]|[.,/]\d|"
    r"\s*(?:rb|ribu|jt|juta|k|hari|days?|menit|minutes?|jam|hours?|kali|times|orders?|tahun|years?|digits?)\b)"
)
_MINE = r"(?:nya|ku|mu|-nya|-ku)?"
_PIN = rf"\bm?-?pin{_MINE}\b"
_CODE = (
    r"\b(?:otp|kode\s?otp|one[\s-]?time\s?(?:pass)?\s?(?:code|word|password|pin)|"
    r"kode\s+(?:verifikasi|rahasia|keamanan|aktivasi|akses|masuk|login|sms|unik|konfirmasi)|"
    r"(?:verification|verif|security|2fa|auth(?:entication)?|login|sms|access|activation|confirmation|one-time)\s+code|"
    rf"code\s+verif\w*|token(?:\s+(?:bank|listrik))?){_MINE}\b"
)
_BARE_CODE = (  # "the code is 482913", but no voucher's and no postal one
    r"(?<!\b(?:error|promo|voucher|postal|zip|area|referral|booking|discount|diskon|order|country|status|qr|product|"
    r"produk|coupon|kupon|tracking|ref|source|dress)\s)\b(?:kode|code)(?!\s+(?:error|pos|promo|voucher|referral|"
    rf"booking|diskon|order|pesanan|negara|status|qr|produk|kupon|resi|area|ref|unik bayar|bayar|wilayah)\b){_MINE}\b"
)
_CVV = rf"\b(?:cvv2?|cvc2?|cvn|csc|(?:card\s+)?security\s+(?:code|number)|kode\s+keamanan|three\s+digits){_MINE}\b"


def _numbers(word: str, number: str) -> list[regex.Pattern[str]]:
    """The word before the number, and behind it where something says that the two belong together."""
    return [
        regex.compile(rf"{word}(?:{_SMALL}){{0,8}}\s*[-:=#\"'“]*\s*(?:G-)?(?P<secret>{number})", regex.IGNORECASE),
        regex.compile(
            rf"(?P<secret>{number})\s*[\"'”)]*\s*(?:(?:is|itu|adalah|=|->|-|:)\s*(?:(?:my|the|your|for|saya|buat|untuk|kode)\s+)?"
            rf"(?:(?!not\b|wrong\b|salah\b|bukan\b)\p{{L}}+\s+)?{word}|(?:my\s+)?{word}\s*(?:saya|aku|gue|gua|gw)\b)",
            regex.IGNORECASE,
        ),
    ]


_PINS = _numbers(_PIN, _DIGITS_4_8)
_CODES = [
    *_numbers(_CODE, _DIGITS_4_8),
    *_numbers(_BARE_CODE, _DIGITS_4_8),
    # As banks write them: "the OTP for your transfer of Rp50.000 is 482913"
    regex.compile(rf"{_CODE}[^\n]{{0,80}}?\b(?:is|adalah|yaitu|:|=)\s*(?P<secret>{_DIGITS_4_8})", regex.IGNORECASE),
    regex.compile(rf"(?i:{_CODE}(?:{_SMALL}){{0,8}})\s*(?P<secret>(?=[A-Z]*\d)[A-Z0-9]{{5,8}})(?!\w)"),
]
_CVVS = [
    *_numbers(_CVV, r"(?<![\d.,/])\d{3,4}(?![\d%]|[.,/]\d)"),
    # Behind a card's number and its last month.
    regex.compile(
        r"\d{3,7}[\s,;]+(?:exp\w*\s*)?\d{1,2}\s?/\s?(?:\d\d){1,2}[\s,;]+(?P<secret>\d{3,4})(?![\d%]|[.,/]\d)"
    ),
]

_PASSWORD = (
    rf"\b(?:pass\s?words?|passwd|pass\s?codes?|pass\s?phrase|pwd|psw|pw|pass|kata\s?sandi|sandi){_MINE}\b"
    r"(?:\s+(?:saya|aku|gue|gua|gw|my|akun|account|login|app|aplikasi|m-?banking|mobile|internet|banking|email|wifi|ku|"
    r"lama|baru|new|old|for|untuk|buat|the|i|use|used|pakai|pake|yang|yg|dipakai|ini)\b){0,5}"
)
_SAID_OF_IT = (  # what people say about passwords
    r"(?!(?:not|no|never|wrong|incorrect|invalid|expired?|right|correct|the|a|an|always|still|also|too|very|so|really|"
    r"required|different|same|being|weak|strong|lost|gone|stolen|known|public|out|broken|bad|good|ok|fine|case|only|"
    r"what|why|where|how|and|or|but|to|in|on|my|your|his|her|their|this|that|it|i|reset|"
    r"salah|lupa|tidak|tdk|gak|ga|gk|nggak|ngga|enggak|bukan|sudah|sdh|udah|udh|benar|bener|betul|apa|mana|yang|yg|"
    r"harus|belum|blm|bisa|baru|lama|kok|kenapa|gimana|bagaimana|hilang|kadaluarsa|kedaluwarsa|sama|saya|aku|gue|gw|"
    r"akun|penting|aman|lemah|kuat|itu|ini|juga|masih|selalu|dan|atau|tapi|untuk|di\w+|\w+ed|\w+ing)\b[^\w\s]*(?:\s|$))"
)
_SHOWN = r"(?!•|&\w+;)"  # masked already, or a sign as web pages write it
_PASSWORDS = [
    regex.compile(
        rf"{_PASSWORD}\s*(?:\b(?:is|was|adalah|yaitu|yakni|ialah)\b|->|=>|[:=])[\s:=]*(?:{quote})", regex.IGNORECASE
    )
    for quote in (r'"(?P<secret>[^"\n•]{3,64})"', r"'(?P<secret>[^'\n•]{3,64})'", r"“(?P<secret>[^”\n•]{3,64})”",
                  rf"{_SHOWN}{_SAID_OF_IT}(?P<secret>[^\s•]{{3,64}})")
] + [
    # Without "is": only what looks like one, letters with digits or signs in it.
    regex.compile(
        rf"{_PASSWORD}(?:\s+(?:itu|is|tuh))?[\s,\"'“]+{_SHOWN}(?P<secret>(?=\S*\p{{L}})(?=\S*\p{{L}}\S*[\d@#$%^&*_+=!~]"
        r"|\S*[\d@#$%^&*_+=!~]\S*\p{L})(?!\p{L}+[!?.,]*(?:\s|$))(?!\S*@\S+\.\p{L})[^\s•\"'”]{4,64})",
        regex.IGNORECASE,
    ),
    regex.compile(rf"{_PASSWORD}(?:\s+(?:itu|is|tuh))?[\s:=]+(?P<secret>(?<!\d)\d{{4,12}})(?![\d.,]*\d)",
                  regex.IGNORECASE),
    regex.compile(rf"(?<!\S)(?P<secret>(?=[^\s•]*\d)[^\s•]{{6,64}})\s+(?:is|itu|adalah)\s+(?:my|the)?\s*{_PASSWORD}",
                  regex.IGNORECASE),
]  # fmt: skip


def passwords(text: str) -> Iterator[Span]:
    yield from _secrets(_PASSWORDS, text)


def pins(text: str) -> Iterator[Span]:
    yield from _secrets(_PINS, text)


def codes(text: str) -> Iterator[Span]:
    yield from _secrets(_CODES, text)


def cvvs(text: str) -> Iterator[Span]:
    yield from _secrets(_CVVS, text)


def _secrets(patterns: list[regex.Pattern[str]], text: str) -> Iterator[Span]:
    for pattern in patterns:
        yield from (found.span("secret") for found in pattern.finditer(text))
