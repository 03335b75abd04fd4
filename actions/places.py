"""Places abroad by the names that customers give them, in English and Indonesian.

The countries come from Unicode's own list (CLDR, by Babel), which lacks what everybody says: cities, "the us", "amrik".
"""

import re
from collections.abc import Iterator

from babel import Locale

_SAID = (
    r"aussie|melbourne|sydney|perth|kuala lumpur|johor|singapur|tokyo|osaka|korea|seoul|hong ?kong|macau|cina|china|"
    r"thai|bangkok|arab|saudi|mekah|mecca|dubai|uae|turkey|turki|amerika|america|amrik|usa|the us|ke (?:us|sg|hk|nz)|"
    r"new york|kanada|inggris|england|scotland|wales|london|uk|britain|perancis|paris|eropa|europe|timor leste|burma|"
    r"united states|united kingdom|emirates|czech republic"
)
_NO_COUNTRIES = frozenset({"ID", "EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
# People and things bear these names as well.
_UNSURE = frozenset({"chad", "jersey", "georgia", "jordan", "dominica", "dominika"})


def _countries() -> Iterator[str]:
    for language in ("en", "id"):
        for code, name in Locale(language).territories.items():
            plain = name.lower()
            if code.isalpha() and code not in _NO_COUNTRIES and plain not in _UNSURE:
                yield re.escape(plain)


COUNTRY = rf"(?:{'|'.join(sorted(set(_countries()), key=len, reverse=True))}|{_SAID})"
ABROAD = (
    r"(?:abroad|overseas|luar neg(?:eri|ri)|(?:antar|lintas)[ -]?negara|cross[ -]border|another country|"
    r"other countries|negara lain|ln)"
)
