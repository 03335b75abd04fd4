"""The intent classifier without Rasa: what it learns, keeps, refuses and explains."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arrays import Unreadable
from bot.nlu import model
from bot.nlu.explain import explain, read_model
from bot.nlu.features import alike, clean, compiled, pieces, words
from bot.nlu.learn import learn
from bot.nlu.model import IntentModel, clarity
from bot.nlu.vectors import StaticVectors

EXAMPLES = {
    "order_status": [
        "where is my order", "has my parcel been shipped", "track my package please", "pesanan saya di mana",
        "paket saya kok belum sampai", "cek pesanan dong", "when does my order arrive", "status pesanan saya apa",
    ],
    "card_block": [
        "block my card", "i lost my card", "someone took my card, freeze it", "blokir kartu saya",
        "kartu saya hilang", "kartuku dicopet", "please freeze my debit card", "tolong bekukan kartu atm",
    ],
    "branch_hours": [
        "when do you open", "opening hours of the branch", "is the branch open on sunday", "jam buka cabang",
        "cabang buka jam berapa", "hari sabtu buka gak", "until what time are you open", "kantor tutup jam berapa",
    ],
    model.OUT_OF_SCOPE: [
        "who won the football match", "how do i cook rendang", "tell me a joke", "resep nasi goreng dong",
        "siapa yang menang bola semalam", "what is the capital of peru", "wkwkwk", "lagi hujan gak di sana",
    ],
}  # fmt: skip
PAIRS = [(text, intent) for intent, texts in EXAMPLES.items() for text in texts]
PATTERNS = compiled([("means_lost", r"\b(?:lost|hilang)\b"), ("means_lost", r"\bketelen\b"), ("ref", r"ar-[0-9]{5}")])


@pytest.fixture(scope="module")
def static() -> StaticVectors:
    return StaticVectors()


@pytest.fixture(scope="module")
def known(static: StaticVectors) -> IntentModel:
    texts, intents = zip(*PAIRS, strict=True)
    return learn(texts, intents, static, patterns=PATTERNS)


def best(known: IntentModel, static: StaticVectors, text: str) -> str:
    return known.intents[int(known.margins(text, static).argmax())]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("wher is my ordr", "order_status"),
        ("KARTU SAYA HILAAAANG", "card_block"),
        ("kartuku ketelen", "card_block"),  # a word that only a pattern knows
        ("kak jam berapa cabangnya buka", "branch_hours"),
        ("paket order saya where", "order_status"),
        ("resep rendang dong", model.OUT_OF_SCOPE),
    ],
)
def test_typing_errors_slang_and_mixed_languages(
    known: IntentModel, static: StaticVectors, text: str, intent: str
) -> None:
    assert best(known, static, text) == intent


def test_probabilities_are_probabilities_and_empty_texts_are_unclear(known: IntentModel, static: StaticVectors) -> None:
    for text in ("", " ", "🤷", "zzz qqq", "where is my order"):
        chances = known.probabilities(known.margins(text, static))
        assert chances.sum() == pytest.approx(1, abs=1e-4)
    unclear, clear = (
        float(clarity(known.probabilities(known.margins(text, static)))) for text in ("", "where is my order")
    )
    assert unclear < known.threshold < clear


def test_what_was_kept_scores_the_same(known: IntentModel, static: StaticVectors, tmp_path: Path) -> None:
    model.save(known, tmp_path / model.FILE)
    again = model.load(tmp_path / model.FILE)
    assert (again.intents, again.threshold) == (known.intents, known.threshold)
    for text, _ in PAIRS:
        assert again.margins(text, static) == pytest.approx(known.margins(text, static), abs=0.01)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nothing of ours"])
def test_a_file_that_is_no_model_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / model.FILE).write_bytes(content)
    with pytest.raises(Unreadable):
        model.load(tmp_path / model.FILE)
    with pytest.raises(Unreadable):
        read_model(tmp_path / model.FILE)


def test_the_encoder_is_weighed_and_asked_only_in_doubt(static: StaticVectors) -> None:
    class Oracle:
        """Knows the intent by heart."""

        name = "oracle"
        dimension = len(EXAMPLES)

        def vectors(self, texts: object) -> model.Array:
            return np.eye(len(EXAMPLES), dtype=np.float32)[[list(EXAMPLES).index(intent) for _, intent in PAIRS]]

    texts, intents = zip(*PAIRS, strict=True)
    known = learn(texts, intents, static, Oracle())
    assert known.meaning is not None
    margins = known.margins("something about it", static)
    vector = np.eye(len(EXAMPLES), dtype=np.float32)[list(EXAMPLES).index("branch_hours")]
    chances = known.sharpened(margins, vector)
    assert known.intents[int(chances.argmax())] == "branch_hours"
    assert 0 < known.meaning.below < 1


def test_an_explanation_names_words_patterns_and_neighbours(
    known: IntentModel, static: StaticVectors, tmp_path: Path
) -> None:
    model.save(known, tmp_path / model.FILE)
    content = (tmp_path / model.FILE).read_bytes()
    with tarfile.open(tmp_path / "assistant.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo(f"components/train_1/{model.FILE}")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    found = explain("my card is hilang", read_model(tmp_path / "assistant.tar.gz"), static, PAIRS)
    assert found.ranking[0][0] == "card_block"
    assert found.patterns == ("means_lost",)
    loudest = max(found.speakers, key=lambda speaker: speaker.weight)
    assert loudest.word in ("card", "hilang")
    assert found.neighbours[0].intent == "card_block"
    assert found.neighbours[0].likeness >= found.neighbours[-1].likeness
    assert found.understood


@given(st.text(max_size=80))
def test_a_normal_text_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert list(pieces(once)) == list(pieces(clean(once)))
    assert all(isinstance(word, str) for word in words(once, PATTERNS))


def test_numbers_and_stretched_letters_do_not_matter() -> None:
    assert alike(clean("Halooooo  AR-20311\n!!")) == alike(clean("haloo AR-99999 !!"))


def test_a_pattern_sees_digits_and_its_own_flags() -> None:
    patterns = compiled([("order", r"(?i)ar-(?P<ref>[1-9]\d{4})"), ("order", r"(?P<ref>no\.? ?[1-9]+)")])
    assert "=order" in set(words(clean("AR-20311"), patterns))
    assert "=order" in set(words(clean("no 7"), patterns))
    assert "=order" not in set(words(clean("ar-00000"), patterns))


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="means_lost"):
        compiled([("means_card", "cards?"), ("means_lost", "lost(")])
