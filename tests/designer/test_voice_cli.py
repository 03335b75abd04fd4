"""`sigap voice`: the table, one response on every platform, and the sheet, on the real project and on broken ones."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli import app
from bot.designer.project import read
from bot.designer.voice_book import open_book
from bot.designer.voice_sheet import sheet
from channels.registry import CHANNELS

PROJECT = Path(__file__).parents[2]
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `sigap voice …` in a project's folder."""
    monkeypatch.setenv("SIGAP_HOME", str(tmp_path / "home"))

    def runs(*arguments: str, project: Path = PROJECT) -> Result:
        monkeypatch.setenv("SIGAP_PROJECT", str(project))
        return CliRunner().invoke(app, ["voice", *arguments])

    return runs


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project that a test may break."""
    shutil.copy(PROJECT / "domain.yml", tmp_path)
    for folder in ("data", "actions"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    return tmp_path


def test_without_a_command_it_shows_every_voice(run: Run) -> None:
    result = run()
    assert result.exit_code == 0
    for title in ("Facebook", "Instagram", "LinkedIn", "Telegram", "Web chat", "WhatsApp", "X"):
        assert title in result.output


def test_help_teaches_with_examples(run: Run) -> None:
    assert "sigap voice show utter_greet --channel linkedin" in run("--help").output
    assert "sigap voice show utter_order_shipped --json" in run("show", "--help").output
    assert "sigap voice sheet --html responses.html" in run("sheet", "--help").output


# ---- show ----------------------------------------------------------------------------------------------


def test_a_response_as_each_platform_shows_it(run: Run) -> None:
    result = run("show", "utter_greet", "--language", "en")
    assert result.exit_code == 0, result.output
    for how in ("quick replies: [", "keyboard: [", "list: [", "buttons: [", "1. "):
        assert how in result.output
    assert "weighted characters" in result.output


def test_one_channel_and_one_language(run: Run) -> None:
    result = run("show", "utter_goodbye", "--channel", "telegram", "--language", "id")
    assert "Telegram" in result.output
    assert "Indonesian" in result.output
    assert "English" not in result.output
    assert "Facebook" not in result.output


def test_json_has_one_object_for_each_channel_and_language(run: Run) -> None:
    lines = [msgspec.json.decode(line) for line in run("show", "utter_order_shipped", "--json").output.splitlines()]
    assert [(line["channel"], line["language"]) for line in lines] == [
        (channel, language) for channel in sorted(CHANNELS) for language in ("en", "id")
    ]
    telegram = next(line for line in lines if line["channel"] == "telegram")
    (shown,) = telegram["shown"]
    assert (shown["surface"], shown["limit"], shown["unit"]) == ("private", 4096, "UTF-16 units")
    assert "{" not in shown["parts"][0]["text"]
    assert shown["length"] == len(shown["parts"][0]["text"])


def test_markup_in_a_text_is_text(run: Run, copy: Path) -> None:
    domain = (copy / "domain.yml").read_text().replace("responses:\n", TRAP, 1)
    (copy / "domain.yml").write_text(domain)
    assert "[bold]<b>" in run("show", "utter_trap", "-c", "telegram", "-l", "en", project=copy).output


def test_what_is_not_said_on_a_channel_is_told(run: Run) -> None:
    result = run("show", "utter_order_shipped", "-c", "linkedin", "-l", "en")
    assert "Not said here" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("utter_gret",), "utter_greet"),
        (("shipped",), "utter_order_shipped"),
        (("utter_greet", "-c", "linkdin"), "Did you mean linkedin?"),
        (("utter_greet", "-l", "fr"), "Use one of: en, id"),
    ],
)
def test_a_wrong_name_suggests_the_nearest(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run("show", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("domain.yml", "responses: ["),
        ("domain.yml", "responses: [utter_greet]\n"),
        ("domain.yml", "responses:\n  utter_greet: hello\n"),
        ("domain.yml", "- a\n"),
        ("data/voice/x.yml", "formality: posh\n"),
        ("data/voice/x.yml", "\tformality"),
        ("data/voice/longest.yml", "- a\n"),
        ("data/policy.yml", "personal:\n- {name: a, pattern: '('}\n"),
        ("data/notices.yml", "- a\n"),
    ],
)
def test_a_broken_file_is_one_sentence(run: Run, copy: Path, file: str, text: str) -> None:
    (copy / file).write_text(text)
    result = run("show", "utter_greet", project=copy)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert result.stderr.startswith("sigap: ")


# ---- the sheet -----------------------------------------------------------------------------------------


TRAP = """\
responses:
  utter_trap:
  - text: "[bold]<b>fat</b> & <script>alert(1)</script>"
    buttons: [{title: "<i>press</i>", payload: /greet}]
  - text: "[bold]<b>tebal</b>"
    condition: [{type: slot, name: language, value: id}]
"""


class Page(HTMLParser):
    """What a page is made of: (tag, attributes) in order, and its style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_sheet_has_every_response_on_every_channel_in_every_language(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "sheet.html"
    result = run("sheet", "--html", str(file))
    assert result.exit_code == 0, result.output
    response = channel = ""
    seen = set()
    for tag, attributes in Page(file.read_text()).tags:
        if tag == "article":
            response, channel = attributes["data-response"] or "", attributes["data-channel"] or ""
        elif "data-language" in attributes:
            seen.add((response, channel, attributes["data-language"]))
    responses = read(PROJECT).responses
    assert seen == {
        (name, channel, language) for name in responses for channel in CHANNELS for language in ("en", "id")
    }


def test_the_sheet_needs_nothing_from_outside(run: Run, tmp_path: Path) -> None:
    run("sheet", "--html", str(tmp_path / "sheet.html"))
    html = (tmp_path / "sheet.html").read_text()
    tags = Page(html).tags
    assert not [tag for tag, attributes in tags if "src" in attributes or tag == "link"]
    assert all((attributes.get("href") or "#").startswith("#") for _, attributes in tags)
    assert not re.search(r"url\(|@import|fetch\(", html)


def test_the_sheet_shows_texts_as_they_are(copy: Path) -> None:
    (copy / "domain.yml").write_text((copy / "domain.yml").read_text().replace("responses:\n", TRAP, 1))
    html = sheet(open_book(copy), [])
    assert "&lt;b&gt;fat&lt;/b&gt; &amp; &lt;script&gt;alert(1)" in html
    assert "&lt;i&gt;press" in html
    assert "<b>fat" not in html
    assert sum(tag == "script" for tag, _ in Page(html).tags) == 1


def test_the_sheet_has_the_findings_beside_the_texts(run: Run, copy: Path, tmp_path: Path) -> None:
    trap = TRAP.replace("[bold]<b>tebal</b>", "Kamu bayar 5 {nothing}")
    (copy / "domain.yml").write_text((copy / "domain.yml").read_text().replace("responses:\n", trap, 1))
    assert run("sheet", "--html", str(tmp_path / "sheet.html"), project=copy).exit_code == 0
    html = (tmp_path / "sheet.html").read_text()
    article = html.partition('data-response="utter_trap" data-channel="whatsapp"')[2].partition("</article>")[0]
    assert "&#34;Kamu&#34; instead of &#34;Kakak&#34;" in article
    assert "different numbers: 1, 5" in article
    assert "whose longest value is not known" in article


def test_a_sheet_that_cannot_be_written_is_one_sentence(run: Run, tmp_path: Path) -> None:
    result = run("sheet", "--html", str(tmp_path / "nowhere" / "sheet.html"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_channels_own_text_is_said_there_whatever_the_language(run: Run, copy: Path) -> None:
    own = TRAP + '  - text: "Only English."\n    channel: telegram\n'
    (copy / "domain.yml").write_text((copy / "domain.yml").read_text().replace("responses:\n", own, 1))
    shown = run("show", "utter_trap", "-l", "id", "-c", "telegram", project=copy).output
    assert "Only English." in shown
    assert "There is no Indonesian text." in shown
    assert "tebal" in run("show", "utter_trap", "-l", "id", "-c", "whatsapp", project=copy).output
