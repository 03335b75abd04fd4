"""What the lint says about texts and voices, on a small project that has a voice for every channel."""

from __future__ import annotations

from pathlib import Path
from string import ascii_letters

import pytest

from bot.designer.findings import Finding
from bot.designer.lint import lint
from bot.designer.nlu import FEWEST_EXAMPLES
from channels.registry import CHANNELS

NO_VOICE = """\
formality: neutral
languages: [en, id]
en: {address: you, greeting: Hi}
id: {address: Kakak, greeting: Halo}
contractions: welcome
emoji: 9
sentence_words: 100
message_characters: 250
links_in_public: true
person: I
"""
DOMAIN = """\
intents: [hours]
slots:
  order_ref: {type: text, mappings: [{type: custom}]}
  item: {type: text, mappings: [{type: custom}]}
responses:
  utter_hours:
  - text: "We open at 8."
  - text: "Kami buka pukul 8."
    condition: [{type: slot, name: language, value: id}]
"""
POLICY = """\
public_responses: [utter_hours]
personal_slots: [order_ref]
personal:
- name: reference
  pattern: '\\bAR-\\d{5}\\b'
published: []
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with nothing wrong."""
    for folder in ("data/nlu", "data/rules", "data/voice"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "domain.yml").write_text(DOMAIN)
    (tmp_path / "data/policy.yml").write_text(POLICY)
    (tmp_path / "data/rules/rules.yml").write_text(
        "rules:\n- rule: hours\n  steps:\n  - intent: hours\n  - action: utter_hours\n"
    )
    for language in ("en", "id"):
        examples = "".join(f"    - hours {language} {letter}\n" for letter in ascii_letters[:FEWEST_EXAMPLES])
        (tmp_path / f"data/nlu/all.{language}.yml").write_text(f"nlu:\n- intent: hours\n  examples: |\n{examples}")
    for channel in CHANNELS:
        (tmp_path / f"data/voice/{channel}.yml").write_text(NO_VOICE)
    (tmp_path / "data/voice/longest.yml").write_text("order_ref: AR-12345\nitem: lamp\n")
    return tmp_path


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))


def say(project: Path, english: str = "", indonesian: str = "") -> None:
    if english:
        edit(project, "domain.yml", "We open at 8.", english)
    if indonesian:
        edit(project, "domain.yml", "Kami buka pukul 8.", indonesian)


def set_voice(project: Path, channel: str, old: str, new: str) -> None:
    edit(project, f"data/voice/{channel}.yml", old, new)


def private(project: Path) -> None:
    edit(project, "data/policy.yml", "[utter_hours]", "[]")


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_sound_project_has_no_findings(project: Path) -> None:
    assert lint(project) == []


def test_a_project_without_voices_is_not_asked_for_them(project: Path) -> None:
    for path in (project / "data/voice").iterdir():
        path.unlink()
    (project / "data/voice").rmdir()
    say(project, "We don't open at 8 🙂.", "Kami nggak buka pukul 8 🙂.")
    assert {finding.message for finding in lint(project)} == {"utter_hours has an emoji"}


# ---- style ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "text", "problem"),
    [
        ("contractions: welcome", "contractions: never", "I'm open at 8.", 'contraction "I\'m"'),
        ("contractions: welcome", "contractions: never", "That’s 8.", 'contraction "That’s"'),
        ("contractions: welcome", "contractions: never", "We can't open at 8.", 'contraction "can\'t"'),
        ("emoji: 9", "emoji: 1", "We open at 8 👍🏽👨‍👩‍👧.", "2 emoji (at most 1)"),
        ("greeting: Hi}", "greeting: Hi, avoid: [gonna]}", "We are Gonna open at 8.", '"gonna"'),
        ("greeting: Hi}", "greeting: Hi, avoid: [of course]}", "Of  course, 8.", '"of course"'),
        ("greeting: Hi}", "greeting: Hello}", "Hi, we open at 8.", 'greeting "Hi" instead of "Hello"'),
        ("person: I", "person: we", "I open my door at 8.", '"I" where this voice says "we"'),
        ("sentence_words: 100", "sentence_words: 5", "Open. We open the door again at 8.", "7 words (at most 5)"),
        ("message_characters: 250", "message_characters: 40", "We open at 8" + ", x" * 10 + ".", "43 characters"),
    ],
)
def test_an_english_text_that_does_not_fit(project: Path, key: str, value: str, text: str, problem: str) -> None:
    say(project, text)
    assert lint(project) == []
    set_voice(project, "linkedin", key, value)
    finding = only(lint(project))
    assert (finding.severity, finding.where) == ("warning", "domain.yml:7")
    assert finding.message.startswith("utter_hours has no LinkedIn variation that fits (English): ")
    assert problem in finding.message
    assert "channel: linkedin" in finding.fix


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("contractions: welcome", "contractions: never", "Arunika's branches' doors open at 8 o'clock."),
        ("contractions: welcome", "contractions: never", 'Say "I don\'t know" at 8.'),
        ("contractions: welcome", "contractions: allowed", "We don't open at 8."),
        ("emoji: 9", "emoji: 1", "We open at 8 🇮🇩, © Arunika™."),
        ("greeting: Hi}", "greeting: Hi, avoid: [gonna]}", 'Say "gonna" to Gonnason at 8.'),
        ("greeting: Hi}", "greeting: Hello}", "Hidden doors open at 8."),
        ("person: I", "person: we", "We open our door at 8; the Imam waits."),
        ("sentence_words: 100", "sentence_words: 5", "We open at 8. Rate: 4.5 %!\n- one two three four five"),
    ],
)
def test_an_english_text_that_fits(project: Path, key: str, value: str, text: str) -> None:
    edit(project, "domain.yml", '"We open at 8."', "|-\n      " + text.replace("\n", "\n      "))
    for number in ("4.5", "4,5"):  # both languages say the same numbers
        if "4.5" in text:
            edit(project, "domain.yml", "Kami buka pukul 8.", f"Kami buka pukul 8: {number} %.")
            break
    set_voice(project, "linkedin", key, value)
    assert lint(project) == []


@pytest.mark.parametrize(
    ("value", "text", "problem"),
    [
        ("{address: Anda, greeting: Halo}", "Kakak bisa datang pukul 8.", '"Kakak" instead of "Anda"'),
        ("{address: Anda, greeting: Halo}", "Kak, kami buka pukul 8.", '"Kak" instead of "Anda"'),
        ("{address: Anda, greeting: Halo}", "Kamu bisa datang pukul 8.", '"Kamu" instead of "Anda"'),
        ("{address: kamu, greeting: Halo}", "Silakan Anda datang pukul 8.", '"Anda" instead of "kamu"'),
        ("{address: Kakak, greeting: Halo, avoid: [aja]}", "Datang aja pukul 8.", '"aja"'),
    ],
)
def test_an_indonesian_text_that_does_not_fit(project: Path, value: str, text: str, problem: str) -> None:
    say(project, indonesian=text)
    set_voice(project, "linkedin", "{address: Kakak, greeting: Halo}", value)
    finding = only([each for each in lint(project) if "LinkedIn" in each.message])
    assert "(Indonesian)" in finding.message
    assert problem in finding.message
    assert finding.where == "domain.yml:8"


def test_a_word_to_avoid_that_is_also_a_form_of_address_is_said_once(project: Path) -> None:
    say(project, indonesian="Kakak bisa datang pukul 8.")
    value = "{address: Anda, greeting: Halo, avoid: [Kakak]}"
    set_voice(project, "linkedin", "{address: Kakak, greeting: Halo}", value)
    assert only(lint(project)).message.count("Kakak") == 1


def test_another_voices_sign_off(project: Path) -> None:
    say(project, "We open at 8. Team Arunika")
    set_voice(project, "linkedin", "greeting: Hi}", "greeting: Hi, sign_off: Team Arunika}")
    findings = lint(project)
    assert len(findings) == len(CHANNELS) - 1
    assert all('the sign-off "Team Arunika"' in finding.message for finding in findings)
    assert not any("LinkedIn" in finding.message for finding in findings)


def test_a_buttons_title_is_looked_at_too(project: Path) -> None:
    button = '\n    buttons: [{title: "I don\'t know", payload: /hours}]'
    edit(project, "domain.yml", 'at 8."', 'at 8."' + button)
    edit(project, "domain.yml", "value: id}]", "value: id}]" + button)
    set_voice(project, "linkedin", "contractions: welcome", "contractions: never")
    set_voice(project, "linkedin", "person: I", "person: we")  # the title is the customer's word
    assert only(lint(project)).message.endswith('contraction "don\'t"')


def test_buttons_that_the_platform_would_cut_become_lines_which_is_told(project: Path) -> None:
    for title, anchor in (("x" * 21, 'at 8."'), ("Jam", "value: id}]")):
        button = f'\n    buttons: [{{title: "{title}", payload: /hours}}]'
        edit(project, "domain.yml", anchor, anchor + button)
    told = [finding.message for finding in lint(project)]
    assert len(told) == 2  # Facebook and Instagram; WhatsApp makes a list of it, Telegram has room
    assert all("numbered lines" in message and "after 20" in message for message in told)


# ---- whose text ----------------------------------------------------------------------------------------


OWN = """
  - text: "You find us open at 8."
    channel: linkedin
  - text: "Kami buka pukul 8."
    condition: [{type: slot, name: language, value: id}]
    channel: linkedin
"""


def test_a_variation_of_its_own_mends_it(project: Path) -> None:
    say(project, "We're open at 8.")
    set_voice(project, "linkedin", "contractions: welcome", "contractions: never")
    assert len(lint(project)) == 1
    (project / "domain.yml").write_text((project / "domain.yml").read_text().rstrip() + OWN)
    assert lint(project) == []


def test_a_variation_of_its_own_that_does_not_fit_is_named_with_its_line(project: Path) -> None:
    own = OWN.replace("You find us", "You'll find us")
    (project / "domain.yml").write_text((project / "domain.yml").read_text().rstrip() + own)
    set_voice(project, "linkedin", "contractions: welcome", "contractions: never")
    finding = only(lint(project))
    assert finding.message == 'utter_hours does not fit the LinkedIn voice (English): contraction "You\'ll"'
    assert finding.where == "domain.yml:10"
    assert "data/voice/linkedin.yml" in finding.fix


def test_a_voice_of_one_language_is_not_asked_about_the_other(project: Path) -> None:
    say(project, indonesian="Kamu bisa datang pukul 8.")
    for channel in CHANNELS:
        set_voice(project, channel, "languages: [en, id]", "languages: [en]")
    assert lint(project) == []


def test_what_is_not_public_is_never_said_on_a_public_channel(project: Path) -> None:
    say(project, "I'm open at 8.")
    set_voice(project, "linkedin", "contractions: welcome", "contractions: never")
    private(project)
    assert lint(project) == []


def test_a_missing_language_is_told_once(project: Path) -> None:
    set_voice(project, "linkedin", "address: Kakak", "address: Anda")
    edit(
        project,
        "domain.yml",
        '  - text: "Kami buka pukul 8."\n    condition: [{type: slot, name: language, value: id}]\n',
        "",
    )
    assert only(lint(project)).message == "utter_hours has no Indonesian text"


def test_strict_makes_style_an_error(project: Path) -> None:
    say(project, "We're open at 8.")
    set_voice(project, "linkedin", "contractions: welcome", "contractions: never\nstrict: true")
    assert only(lint(project)).severity == "error"


# ---- limits and rules ----------------------------------------------------------------------------------


def test_a_private_text_that_the_platform_divides_is_an_error(project: Path) -> None:
    private(project)
    say(project, "We open at 8. " + "Really. " * 150)  # 1,200 bytes; an Instagram message holds 1,000
    errors = [finding for finding in lint(project) if finding.severity == "error"]
    finding = only(errors)
    assert "no Instagram variation that fits" in finding.message
    assert "become 2 private messages (one holds 1,000)" in finding.message


def test_a_public_text_has_to_fit_into_one_post_with_the_disclosure_before_it(project: Path) -> None:
    say(project, "We open at 8" + ", at 8" * 40 + ".")  # 253 characters
    for channel in CHANNELS:
        set_voice(project, channel, "message_characters: 250", "message_characters: 270")
    assert lint(project) == []
    notice = "Automated assistant of Arunika Bank:"
    (project / "data/notices.yml").write_text(f'disclosure:\n  en: "{notice}"\n  id: "{notice}"\n')
    finding = only(lint(project))
    assert "290 weighted characters with the disclosure do not fit into one public post (280)" in finding.message
    assert finding.severity == "warning"


def test_x_counts_weighted_characters(project: Path) -> None:
    say(project, "8 " + "界" * 140)  # each counts two on X, one elsewhere
    finding = only(lint(project))
    assert "282 weighted characters" in finding.message
    assert "no X variation" in finding.message


def test_lengths_are_measured_with_the_longest_values(project: Path) -> None:
    say(project, "Your {item} at 8.", "{item} pukul 8.")
    private(project)
    assert lint(project) == []
    edit(project, "data/voice/longest.yml", "item: lamp", f"item: {'lamp ' * 60}")
    findings = lint(project)
    assert {finding.message.partition(": ")[0] for finding in findings} >= {
        f"utter_hours has no Telegram variation that fits ({language})" for language in ("English", "Indonesian")
    }


def test_a_placeholder_without_a_longest_value_names_the_file(project: Path) -> None:
    edit(project, "data/voice/longest.yml", "item: lamp\n", "")
    say(project, "Your {item} at 8.", "{item} pukul 8.")
    findings = lint(project)
    assert {finding.severity for finding in findings} == {"error"}
    assert {finding.message for finding in findings} == {"utter_hours has {item}, whose longest value is not known"}
    assert all("data/voice/longest.yml" in finding.fix for finding in findings)


def test_links_where_a_voice_wants_none_in_public(project: Path) -> None:
    link = "https://arunika.example/hours"
    say(project, f"We open at 8: {link}", f"Kami buka pukul 8: {link}")
    assert lint(project) == []
    set_voice(project, "x", "links_in_public: true", "links_in_public: false")
    assert [finding.message.rpartition(": ")[2] for finding in lint(project)] == ["a link in a public post"] * 2
    private(project)
    assert lint(project) == []


def test_personal_slots_have_no_place_in_public(project: Path) -> None:
    say(project, "{order_ref} at 8.", "{order_ref} pukul 8.")
    findings = lint(project)
    assert {finding.severity for finding in findings} == {"error"}
    assert all("holds something personal: {order_ref}, reference" in finding.message for finding in findings)
    private(project)
    assert lint(project) == []


def test_what_looks_personal_has_no_place_in_public(project: Path) -> None:
    say(project, "Like AR-20311 at 8.", "Seperti AR-20311 pukul 8.")
    assert all("something personal: reference" in finding.message for finding in lint(project))


# ---- broken files --------------------------------------------------------------------------------------


def test_every_broken_file_is_one_finding(project: Path) -> None:
    (project / "data/voice/x.yml").unlink()
    set_voice(project, "telegram", "formality: neutral", "formality: posh")
    (project / "data/voice/twitter.yml").write_text(NO_VOICE)
    findings = lint(project)
    assert sorted(finding.where for finding in findings) == [
        "data/voice/telegram.yml: formality",
        "data/voice/twitter.yml",
        "data/voice/x.yml",
    ]
    assert {finding.severity for finding in findings} == {"error"}


def test_a_policy_that_cannot_be_read_is_a_finding(project: Path) -> None:
    edit(project, "data/policy.yml", "personal_slots", "personal_slot")
    assert only(lint(project)).where == "data/policy.yml"
    (project / "data/policy.yml").unlink()
    assert only(lint(project)).where == "data/policy.yml"
