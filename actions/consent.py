"""Whether a message is an unmistakable yes or no to "shall I cancel it?", in English and Indonesian.

Rules and no classifier: what follows from a yes cannot be undone. So it is one only if there is not a word in it that
could mean anything else. A no may be said in any words: it costs nothing.
"""

import re
from enum import Enum

LONGEST_NO = 5  # words of an answer that is a no because it begins with one


class Answer(Enum):
    YES = "yes"
    NO = "no"
    NEITHER = "neither"


# ---- a yes: these words and no others ------------------------------------------------------------------

_YES = frozenset(
    """yes yep yea yeah yup yap ya iya iye yoi ok oke okay okey sure confirm confirmed correct agreed absolutely
    definitely certainly betul bener benar yakin setuju boleh tentu""".split()
)
# "Go on": with the cancelling, unless it is the order that is named ("lanjut pesanannya").
_GO = frozenset("gas gasken lanjut lanjutkan lanjutin proceed silakan silahkan".split())
_VERB = frozenset(
    """cancel canceled cancelled cancelin cancelkan dicancel dicancelin batalin batalkan dibatalin dibatalkan
    membatalkan""".split()
)
_POLITE = frozenset(
    """please pls plz plis tolong mohon kindly kak kakak min admin mimin mas mbak bang pak bu bro sis gan sir madam
    aja saja deh dong donk lah very really banget sekali""".split()
)
_POINTING = frozenset("it this that one the itu ini yg yang tsb tersebut".split())
_ONLY = frozenset("aja saja".split())  # "ok itu aja": that's all, thanks
# Beside the verb they say what is cancelled and by whom; without it they may say what is wanted ("diproses aja"), or
# that nothing is ("i'm ok").
_BESIDE_THE_VERB = frozenset(
    """i i'm im am we saya aku gw gue ku kami proses prosesnya diproses
    order ordernya orderku orderan orderannya pesanan pesanannya pesananku pesenan pesenannya purchase pembelian
    pembeliannya my want wanna would like to be di mau ingin pengen then now just so and
    dan thanks thank you thx makasih terima kasih""".split()
)
_PHRASES = (
    (re.compile(r"\b(?:go ahead|go on|go for it|please do|do (?:it|that|so))\b"), "proceed"),
    (re.compile(r"\b(?:of course|for sure|that'?s (?:right|correct|the one)|i (?:do|agree|confirm))\b"), "yes"),
    (re.compile(r"\b(?:i'?m|i am|we'?re|we are|saya|aku|gw|gue|kami) (?:sure|certain|yakin|setuju)\b"), "yes"),
    (re.compile(r"^(?:ya|iya)(?: kak)? lanjut(?:kan|in) prosesnya\b"), "yes"),
)
_REFERENCE = re.compile(r"\b(?:ar[\s.:_-]*)?[0-9]+\b")  # whose it is the action knows
_FRIENDLY = re.compile("[👍👌🙏🙂😊😁\U0001f3fb-\U0001f3ff\ufe0f]")
_SPACE = re.compile(r"[\s.,!;:()~*\"…-]+")

# ---- a no ----------------------------------------------------------------------------------------------

_CANCEL = r"(?:(?:di ?)?(?:cancel|batal)\w*)"
_NOT_ID = r"(?:tidak|tdk|nggak|ngga|enggak|engga|gak|ga|gk|kagak|tak)"
_NOT_EN = r"(?:don'?t|dont|do not|never|not)"
_NO_WORD = rf"(?:no|nope|nah|{_NOT_ID}|gamau|jangan|jgn|bukan|deny)"
_FORBIDS = re.compile(
    rf"\b(?:{_NOT_EN}|jangan|jgn|gausah|gajadi|no need to|{_NOT_ID} ?(?:usah|jadi|mau|perlu))\s+"
    rf"(?:jadi\s+|please\s+|pls\s+|you\s+|want\s+to\s+|want\s+you\s+to\s+|wanna\s+)?{_CANCEL}"
    r"|\bkeep(?:ing)? (?:it|my|the|that|this|order|ar)\b|\b(?:i'?ll|i will|want to|let me|rather) keep\b"
    rf"|\b(?:tetap|tetep|ttp)\s+(?:saya\s+|aku\s+|mau\s+)?(?:ambil|mau|lanjut\w*|(?:di)?kirim\w*)\b(?!\W+{_CANCEL})"
)
_REFUSES = re.compile(
    r"\b(?:never ?mind|nvm|forget (?:about )?(?:it|that|this)|leave (?:it|that|this|my|the)|scrap (?:it|that|this)"
    r"|drop it|skip (?:it|that|this)|don'?t (?:bother|want (?:to|that))|let'?s not|rather not"
    r"|(?:of course|absolutely|certainly|definitely) not|(?:ship|send|deliver) it(?! back))\b"
    rf"|\b(?:biar(?:in|kan|lah| aja| saja)|lupa(?:in|kan)|gajadi|gausah|{_NOT_ID} ?(?:usah|jadi|perlu)|jangan|jgn)\b"
    r"|\b(?:di)?kirim(?:in|kan)? (?:aja|saja|sj|deh|dong)\b"
    r"|\b(?:ok|oke|okay|ya|iya|gas|lanjut\w*|langsung|silakan|silahkan|boleh)\W+(?:di)?kirim"
    r"|^(?:(?:no|nope|nah|actually|sorry|wait|oh|hm+|eh|maaf)\W+)*(?:(?:i|i've|i have|saya|aku|gw)\s+)?"
    r"(?:chang\w+ my mind|berubah pikiran)"
    r"|\b(?:don'?t|do not)(?: do (?:it|that))?\W*$|\bkeep\W*$"
    r"|^(?:(?:no|wait)\W+)?stop(?:\W+(?:please|pls|kak|min|dulu))?\W*$"
)
_BEGINS_NO = re.compile(rf"^{_NO_WORD}\b")
_HAS_VERB = re.compile(rf"\b{_CANCEL}")
_THUMB_DOWN = re.compile("[👎🙅]")
# What is refused is the parcel: rather a reason to cancel.
_NOT_WANTED = re.compile(
    rf"\b(?:{_NOT_EN}|stop|jangan|jgn|gausah|gajadi|{_NOT_ID})\s+(?:\w+\s+)?"
    r"(?:(?:di)?kirim\w*|beli|pesan|pesen|order|ambil|butuh\w*|ship|send|deliver|want it|need it)\b"
    r"|\b(?:longer|any ?more)\b|\b(?:mau|butuh|perlu|pengen) lagi\b"
)
_ASKS = re.compile(
    r"\?|\b(?:but|except|instead|half|only|unless|until|tapi|tp|kecuali|separuh|sebagian|kalau|kalo|if|nanya|tanya|"
    r"apakah)\b|^(?:is|are|am|can|could|may|do|does|will|would|should|what|when|why|how|which|who|gimana|kenapa|berapa|"
    r"kapan|bisa)\b(?! not\b)"
)
# A pause or a thought: no plain no yet.
_PAUSES = re.compile(
    r"\b(?:wait|hold on|moment|second|let me|think|maybe|perhaps|sebentar|bentar|nanti|ntar|mungkin|tunggu|ampun|"
    r"allah|astaga)\b"
)
# What may stand in front of a no.
_ORNAMENT = re.compile(r"^[\W_]+|^(?:(?:oh|ah|eh|um+|hm+|well|actually|sorry|maaf|hell|i said)\b\W+)+|[\s_]+$")
_STRETCHED = re.compile(r"(\w)\1{2,}")


def answer_to_cancel(text: str, intent: str = "") -> Answer:
    """A pressed button comes as its payload, `/affirm` or `/deny`. `intent`: what the message was taken for."""
    lowered = text.lower().replace("’", "'").strip()
    if lowered in ("/affirm", "/deny"):
        return Answer.YES if lowered == "/affirm" else Answer.NO
    lowered = _THUMB_DOWN.sub(" no ", lowered)
    if _is_no(_ORNAMENT.sub("", _STRETCHED.sub(r"\1", lowered))):
        return Answer.NO
    return Answer.YES if intent != "deny" and _is_yes(lowered, intent) else Answer.NEITHER


def _is_no(bare: str) -> bool:
    if _FORBIDS.search(bare):
        return True
    if _ASKS.search(bare) or _HAS_VERB.search(bare) or _NOT_WANTED.search(bare):
        return False
    short = _BEGINS_NO.search(bare) is not None and len(bare.split()) <= LONGEST_NO
    return _REFUSES.search(bare) is not None or (short and not _PAUSES.search(bare))


def _is_yes(lowered: str, intent: str) -> bool:
    """Whether it begins with agreement, and every other word goes with it."""
    for phrase, word in _PHRASES:
        lowered = phrase.sub(word, lowered)
    bare, references = _REFERENCE.subn(" ", _FRIENDLY.sub(" ", lowered))
    words = [_unstretched(word) for word in _SPACE.split(bare) if word]
    said = set(words)
    if not words or words[0] not in _YES | _GO:
        return False
    if said & _VERB:
        return said <= _YES | _GO | _VERB | _POLITE | _POINTING | _BESIDE_THE_VERB
    if intent == "nlu_fallback" or (said & _POINTING and said & _ONLY) or (references and said & _GO):
        return False
    return said <= _YES | _GO | _POLITE | _POINTING


def _unstretched(word: str) -> str:
    """`ya` of "yaaa", `gas` of "gasss"; other words as they are."""
    short = re.sub(r"(.)\1+$", r"\1", word)
    return short if short in _YES | _GO else word
