"""What a voice asks of words, as pure functions: each finds what does not belong, as phrases for a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import regex

from bot.designer.voice import Voice

# What stands in quotation marks is what the customer is to write or sees elsewhere, not what we say.
_QUOTED = regex.compile(r"\"[^\"\n]*\"|“[^”\n]*”")
_CONTRACTION = regex.compile(
    r"\b(?:\p{L}+n['’]t|\p{L}+['’](?:m|re|ve|ll|d)"
    r"|(?:it|that|there|here|what|who|where|when|how|he|she|let|everything|something|nothing)['’]s)\b",
    regex.IGNORECASE,
)
# © and ™ can be drawn as pictures, too, but are letters here.
_PICTURE = regex.compile(r"\p{Emoji_Presentation}|\N{VARIATION SELECTOR-16}|(?![©®™])\p{Extended_Pictographic}")
_CLUSTER = regex.compile(r"\X")
# A full stop ends a sentence only before white space, so that 4.5 % and Rp1.000 are whole.
_SENTENCE_END = regex.compile(r"(?<=[.!?…])[\"”’)\]]*\s+|\n+")
_WORD = regex.compile(r"\S*\w\S*")

_ADDRESSED: Mapping[str, regex.Pattern] = {
    "Anda": regex.compile(r"\banda\b", regex.IGNORECASE),
    "Kakak": regex.compile(r"\bkak(?:ak)?(?:nya)?\b", regex.IGNORECASE),
    "kamu": regex.compile(r"\b(?:kamu|kau|engkau|elo|lu)(?:lah|kah)?\b", regex.IGNORECASE),
}
_ALONE: Mapping[str, regex.Pattern] = {
    "en": regex.compile(r"\b(?:I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself)\b"),
    "id": regex.compile(r"\b(?:saya|aku)\b", regex.IGNORECASE),
}
_WE = {"en": "we", "id": "kami"}


def style(text: str, titles: Iterable[str], voice: Voice, language: str) -> Iterator[str]:
    """What does not belong to the voice, in a text with its placeholders and its buttons' titles."""
    said = _QUOTED.sub(" ", text)
    shown = "\n".join([said, *titles])
    yield from _avoided(shown, voice, language)
    if language == "en" and voice.contractions == "never":
        yield from (f'contraction "{word}"' for word in _each(_CONTRACTION, shown))
    if voice.person == "we":
        yield from (f'"{word}" where this voice says "{_WE[language]}"' for word in _each(_ALONE[language], said))
    count = emoji("\n".join([text, *titles]))
    if count > voice.emoji:
        yield f"{count} emoji (at most {voice.emoji})"


def opening_and_closing(text: str, voice: Voice, language: str, others: Iterable[Voice]) -> Iterator[str]:
    """A greeting or a sign-off that is another voice's."""
    speech = voice.speech(language)
    spoken = [other.speech(language) for other in others if language in other.languages]
    if not _begins(text, speech.greeting):
        for greeting in dict.fromkeys(each.greeting for each in spoken):
            if _begins(text, greeting):
                yield f'the greeting "{greeting}" instead of "{speech.greeting}"'
                break
    if speech.sign_off and text.endswith(speech.sign_off):
        return
    for sign_off in dict.fromkeys(each.sign_off for each in spoken if each.sign_off):
        if text.rstrip().endswith(sign_off):
            yield f'the sign-off "{sign_off}"' + (f' instead of "{speech.sign_off}"' if speech.sign_off else "")
            break


def long_sentence(text: str, most: int) -> Iterator[str]:
    """The longest sentence, when it has more than `most` words. A line is a sentence of its own."""
    words = max((len(_WORD.findall(sentence)) for sentence in _SENTENCE_END.split(text)), default=0)
    if words > most:
        yield f"a sentence of {words} words (at most {most})"


def emoji(text: str) -> int:
    """How many a reader sees: a flag, a family and a thumb with a skin tone are one each."""
    return sum(bool(_PICTURE.search(cluster)) for cluster in _CLUSTER.findall(text))


def _avoided(shown: str, voice: Voice, language: str) -> Iterator[str]:
    speech = voice.speech(language)
    told = set()
    for phrase in speech.avoid:
        if _phrase(phrase).search(shown):
            told.add(phrase.casefold())
            yield f'"{phrase}", which this voice avoids'
    if language != "id":
        return
    for address, pattern in _ADDRESSED.items():
        found = pattern.search(shown)
        if address != speech.address and found and not {found[0].casefold(), address.casefold()} & told:
            yield f'"{found[0]}" instead of "{speech.address}"'


def _phrase(phrase: str) -> regex.Pattern:
    words = r"\s+".join(regex.escape(word) for word in phrase.split())
    return regex.compile(rf"(?<!\w){words}(?!\w)", regex.IGNORECASE)


def _each(pattern: regex.Pattern, text: str) -> list[str]:
    """What it finds, each once, as it stands first."""
    found = (match[0] for match in pattern.finditer(text))
    return list({word.casefold(): word for word in reversed(list(found))}.values())[::-1]


def _begins(text: str, words: str) -> bool:
    rest = text[len(words) :]
    return text.casefold().startswith(words.casefold()) and not rest[:1].isalnum()
