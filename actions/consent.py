"""Whether a message is an unmistakable yes or no to "shall I cancel it?", in English and Indonesian.

Rules and no classifier: what follows from a yes cannot be undone, so everything that is not plainly one of the two
counts as neither.
"""

import re
from enum import Enum

LONGEST_NO = 5  # words of an answer that is a no because it begins with one


class Answer(Enum):
    YES = "yes"
    NO = "no"
    NEITHER = "neither"


_VERB = r"(?:cancel\w*|(?:di)?batal\w*)"
_NO_WORD = r"(?:no|nope|nah|tidak|tdk|nggak|ngga|enggak|engga|gak|ga|gk|jangan|jgn|bukan|deny)"
_YES_WORD = (
    r"(?:yes|yep|yeah|yup|ya+|iya+|yoi|ok|oke|okay|sure|go ahead|please do|do it|confirm|confirmed|correct|betul|bener|"
    r"benar|yakin|lanjut|gas|boleh|silakan|silahkan|setuju)"
)
_FORBIDS = re.compile(
    rf"\b(?:don'?t|do not|never|jangan|jgn|ga ?usah|gak ?usah|nggak usah|tidak usah|(?:ga|gak|nggak|tidak) jadi)\s+"
    rf"(?:please\s+|pls\s+|you\s+)?{_VERB}|\bkeep (?:it|my|the|that|this)\b|\bi'?ll keep\b|\bi want to keep\b|"
    r"\b(?:tetap|tetep)\s+(?:saya\s+|aku\s+|mau\s+)?(?:ambil|mau|lanjut|kirim)"
)
_ANY_NO = re.compile(rf"\b(?:{_NO_WORD}|not|don'?t|dont|never|without|belum|blm)\b")
_BEGINS_NO = re.compile(rf"^{_NO_WORD}\b")
_BEGINS_YES = re.compile(rf"^{_YES_WORD}\b")
_HAS_VERB = re.compile(rf"\b{_VERB}\b")
# A pause, a thought, a question: no consent yet.
_UNSURE = re.compile(
    r"\?|\b(?:wait|hold on|moment|second|let me|think|maybe|perhaps|but|except|instead|half|only|unless|until|sebentar|"
    r"bentar|dulu|nanti|ntar|mungkin|tapi|tp|kecuali|separuh|sebagian|kalau|kalo|if|nanya|tanya|apakah|ampun|allah|astaga)\b"
    r"|^(?:is|are|am|can|could|may|do|does|will|would|what|when|why|how|which|who|gimana|kenapa|berapa|kapan|bisa)\b"
)
_ORNAMENT = re.compile(r"^[\s\W_]+|[\s_]+$")


def answer_to_cancel(text: str) -> Answer:
    """A pressed button comes as its payload, `/affirm` or `/deny`."""
    lowered = text.lower().replace("’", "'").strip()
    if lowered in ("/affirm", "/deny"):
        return Answer.YES if lowered == "/affirm" else Answer.NO
    bare = _ORNAMENT.sub("", lowered)
    if _FORBIDS.search(bare):
        return Answer.NO
    if _UNSURE.search(bare):
        return Answer.NEITHER
    if _BEGINS_NO.search(bare) and not _HAS_VERB.search(bare) and len(bare.split()) <= LONGEST_NO:
        return Answer.NO
    if _BEGINS_YES.search(bare) and not _ANY_NO.search(bare):
        return Answer.YES
    return Answer.NEITHER
