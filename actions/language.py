"""Which language to answer in: the slot `language`, set before every turn.

People mix English and Indonesian, and short messages fit either, so the slot is sticky: it changes only on
clear evidence. py3langid, restricted to the two languages, knows written Indonesian; the word lists know the
Indonesian of phones ("udah blm kak, ga masuk2"), which it takes for anything.
"""

import re
from functools import cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.session import latest_intent, latest_metadata, latest_text

LANGUAGES = ("en", "id")
DEFAULT = "en"

# Frequent words of one language that are rare in the other. Words that both use when they write to a bank
# (ok, thanks, please, order, refund, transfer, login, error, admin, cancel ...) are in neither list.
INDONESIAN = frozenset(
    """
    aja ada adalah agar akan aku akun alamat anda antar apa apakah atau atas bagaimana bagus bahasa baik bang
    banget baru batal batalin bayar belum beli berapa besok bgt biar biaya bilang bisa blm blokir brp buat buka
    bukan bulan bunga butuh cabang cara cek coba cuma dah dan dapat dari daftar deh dengan dg dgn di dia dikirim
    dimana dmn dong duit dulu emang enggak engga gabisa gagal gak ga gan ganti gimana gini gitu gmn gmna gratis
    gua gue hai halo hari harus hilang hp ilang ini itu iya jadi jam jangan jgn jika juga jg kak kakak kalau
    kali kalo kamu kantor kapan karena karna kartu kata kami kasih ke kemarin kenapa kepotong kirim kita klo kok
    kpn kurir lagi lama langsung lapor lebih lewat lupa maaf makasih maksimal malam mana masih masuk mau mbak
    mengapa min minta mohon muncul nanti ngga nggak nih nomor nomornya nunggu nya orang pagi pake pakai paket
    pas pengen permisi pernah pesan pesanan punya rekening rusak saja sama sampai sampe saldo sandi saya sebelum
    sedang sekarang selamat semua siang siapa sih sini skrg sore sudah tadi tagihan tau telat tetapi tapi terima
    terus tf tgl tidak tlg tolong tp trus tunggu uang ubah udah udh untuk utk woi ya yaa yang yg
    """.split()
)
ENGLISH = frozenset(
    """
    a about after again all already also am an and any anyone are aren't arrive arrived as ask at back be
    because been before being but by can can't cannot cant could didn't didnt do does doesn't doesnt doing don't
    dont for from get give go got had has hasn't hasnt have haven't havent how how's i i'd i'll i'm i've if im
    in into is isn't isnt it it's its just know let like long lost make many me money more much must my need
    never new not now of on one our out over pay receive received right said see sent should show so some
    someone something still stolen stop take tell than that that's the their them then there they this to today
    told too tried try use used very waiting want was way we well were what what's whats when when's where
    where's wheres which while who why will with won't work working works would yesterday yet you you're your
    """.split()
)

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Reduplication as typed ("masuk2", "masuk-masuk") and clitics ("pesananku", "ordernya") mark Indonesian.
_DOUBLED = re.compile(r"\b[^\W\d_]{3,}2\b|\b([^\W\d_]{3,})-\1\b")
_CLITIC = re.compile(r"[^\W\d_]{3,}(?:nya|kah|lah)$")
_WANTS_ENGLISH = re.compile(r"\b(?:english|inggris|inggeris|eng)\b")
_WANTS_INDONESIAN = re.compile(r"\b(?:indonesian?|indo|bahasa|bhs)\b")
_REFUSES_ENGLISH = re.compile(
    r"(?:jangan|bukan|ga|gak|ngga|nggak|tidak|kok|malah|mulu|jadi)\b.*\b(?:inggris|english)|\binggris mulu"
)
_REFUSES_INDONESIAN = re.compile(r"(?:don't|dont|do not|can't|cant|not|bad|no)\b.*\bindo|\bindonesian is bad")

# The statistical opinion counts only on enough words, and only when it is sure.
_LANGID_MIN_WORDS = 4
_LANGID_MIN_PROBABILITY = 0.9
# To leave the language of the conversation takes more than one borrowed word.
_SWITCH_MARGIN = 2


class ActionSetLanguage(Action):
    """Fills the slot `language` (see its mapping in domain.yml)."""

    def name(self) -> str:
        return "action_set_language"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        current = tracker.get_slot("language")
        text = latest_text(tracker)
        chosen: str | None
        if latest_intent(tracker) == "change_language":
            chosen = requested_language(text, current)
        else:
            chosen = detect_language(text, current)
        if chosen is None:
            hint = str(latest_metadata(tracker).get("language") or "")[:2].lower()
            chosen = current or (hint if hint in LANGUAGES else DEFAULT)
        return [] if chosen == current else [SlotSet("language", chosen)]


def language_of(tracker: Tracker) -> str:
    """The language to answer in: "en" or "id"."""
    language = tracker.get_slot("language")
    return language if language in LANGUAGES else DEFAULT


def requested_language(text: str, current: str | None) -> str:
    """The language that an explicit wish names ("english please"); the other one when it names none."""
    lowered = text.lower()
    english = bool(_WANTS_ENGLISH.search(lowered)) and not _REFUSES_ENGLISH.search(lowered)
    indonesian = bool(_WANTS_INDONESIAN.search(lowered)) and not _REFUSES_INDONESIAN.search(lowered)
    if english:  # before Indonesian: "bahasa inggris" and "pake english" ask for English
        return "en"
    if indonesian or _REFUSES_ENGLISH.search(lowered):
        return "id"
    if _REFUSES_INDONESIAN.search(lowered):
        return "en"
    return "en" if current == "id" else "id"


def detect_language(text: str, current: str | None) -> str | None:
    """The language of a message, or None where it does not tell (and for button payloads).

    `current` is the language of the conversation so far; with one, a change takes clearer evidence.
    """
    if text.startswith("/"):
        return None
    lowered = text.lower().replace("’", "'")
    words = _WORD.findall(lowered)
    indonesian = sum(word in INDONESIAN or bool(_CLITIC.fullmatch(word)) for word in words)
    indonesian += len(_DOUBLED.findall(lowered))
    english = sum(word in ENGLISH for word in words)
    margin = indonesian - english
    needed = 1 if current is None else _SWITCH_MARGIN
    if margin >= needed:
        return "id"
    if -margin >= needed:
        return "en"
    if len(words) >= _LANGID_MIN_WORDS:
        language, probability = _identifier().classify(lowered)
        # It must not speak against the words. On first contact it also settles an even mix.
        leaning = "id" if margin > 0 else "en" if margin < 0 else None
        no_words = indonesian == english == 0
        allowed = no_words or leaning == (None if current is None else language)
        if probability >= _LANGID_MIN_PROBABILITY and allowed:
            return str(language)
    return None


def warm() -> None:
    """Load what judges the messages whose words do not tell."""
    _identifier().classify("selamat pagi and good morning")


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
