from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.yaml_notices import NEEDED, YamlNotices
from bot.core.conversation import LANGUAGES
from bot.settings import PROJECT
from channels.errors import SettingsError

OURS = PROJECT / "data" / "notices.yml"


def test_ours_are_complete_and_fill_in() -> None:
    notices = YamlNotices(OURS)
    values = {"minutes": 7, "name": "Dina", "brand": "Arunika", "link": "https://m.me/arunika", "opens": "Mon 08:00"}
    for name in NEEDED:
        for language in LANGUAGES:
            text = notices.text(name, language, **values)
            assert text
            assert "{" not in text
    assert "7" in notices.text("handoff", "id", minutes=7)
    assert "Dina" in notices.text("claimed", "en", **values)


def test_an_unknown_language_reads_the_first_one() -> None:
    assert YamlNotices(OURS).text("closed", "fr", name="Dina") == YamlNotices(OURS).text("closed", "en", name="Dina")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda text: text.replace("\nclosed:", "\nshut:"), "notices.yml: closed.en"),
        (lambda text: text.split("opted_in:")[0] + "opted_in:\n  en: hm\n", "opted_in.id"),
        (lambda text: "- a list", "notices.yml"),
        (lambda text: "handoff: [", "notices.yml"),
    ],
)
def test_a_missing_sentence_stops_the_start(tmp_path: Path, change: object, key: str) -> None:
    path = tmp_path / "notices.yml"
    path.write_text(change(OURS.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(SettingsError) as refused:
        YamlNotices(path)
    assert key in str(refused.value)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"notices\.yml"):
        YamlNotices(tmp_path / "notices.yml")
