"""The data lint, on small made-up projects and on the project itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import ascii_letters

import pytest

from bot.designer.lint import Finding, lint
from bot.designer.nlu import FEWEST_EXAMPLES, normalised

PROJECT = Path(__file__).parents[2]

DOMAIN = """\
intents:
- hours
- person:
    use_entities: []
entities:
- ref
slots:
  language:
    type: categorical
    values: [en, id]
    mappings:
    - type: custom
  ref:
    type: text
    mappings:
    - type: from_entity
      entity: ref
forms:
  ask_form:
    required_slots:
    - ref
responses:
  utter_hours:
  - text: "Open 08:30 to 15:30, deposits from Rp1,000,000 at 4.5%. See https://a.example/x."
    buttons:
    - title: "Person"
      payload: /person
  - text: "Buka 08:30 sampai 15:30, deposito mulai Rp1.000.000 dengan 4,5%. Lihat https://a.example/x."
    condition: [{type: slot, name: language, value: id}]
    buttons:
    - title: "Petugas"
      payload: /person
  utter_ask_ref:
  - text: "Which {ref}?"
  - text: "{ref} yang mana?"
    condition: [{type: slot, name: language, value: id}]
  utter_order_sent:
  - text: "{item} comes on {eta}."
    buttons:
    - title: "More"
      payload: '/hours{{"ref": "{item}"}}'
  - text: "{item} tiba {eta}."
    condition: [{type: slot, name: language, value: id}]
    buttons:
    - title: "Lagi"
      payload: '/hours{{"ref": "{item}"}}'
"""
RULES = """\
rules:
- rule: hours
  steps:
  - intent: hours
  - action: utter_hours
"""
ACTIONS = """\
def run(dispatcher, order):
    dispatcher.utter_message(response=f"utter_order_{order.status}", item=order.item, eta=order.eta)
"""
NOTICES = """\
handoff:
  en: "A colleague answers within {minutes} minutes."
  id: "Petugas membalas dalam {minutes} menit."
"""

Change = Callable[[Path], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with nothing wrong."""
    for folder in ("data/nlu", "data/rules", "actions"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "domain.yml").write_text(DOMAIN)
    (tmp_path / "data/rules/rules.yml").write_text(RULES)
    (tmp_path / "data/notices.yml").write_text(NOTICES)
    (tmp_path / "actions/orders.py").write_text(ACTIONS)
    for language in ("en", "id"):
        blocks = []
        for intent in ("hours", "person"):
            words = ascii_letters[:FEWEST_EXAMPLES]
            examples = "\n".join(f"    - {intent} {language} {word}" for word in words)
            blocks.append(f"- intent: {intent}\n  examples: |\n{examples}\n")
        (tmp_path / f"data/nlu/all.{language}.yml").write_text("nlu:\n" + "".join(blocks))
    return tmp_path


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_sound_project_has_no_findings(project: Path) -> None:
    assert lint(project) == []


def test_the_projects_own_data_is_clean() -> None:
    assert lint(PROJECT) == []


def test_too_few_examples_in_one_language(project: Path) -> None:
    edit(project, "data/nlu/all.id.yml", "    - person id c\n", "")
    finding = only(lint(project))
    assert (finding.severity, finding.where) == ("error", "domain.yml:3")
    assert finding.message == f"person has {FEWEST_EXAMPLES - 1} Indonesian examples"
    assert ".id.yml" in finding.fix


def test_one_example_under_two_intents_whatever_its_case_and_digits(project: Path) -> None:
    edit(project, "data/nlu/all.en.yml", "    - hours en a\n", "    - hours en a\n    - See [AR-20311](ref) now!\n")
    edit(project, "data/nlu/all.en.yml", "    - person en a\n", "    - person en a\n    - see ar-20399 now\n")
    finding = only(lint(project))
    line = (project / "data/nlu/all.en.yml").read_text().split("\n").index("    - see ar-20399 now") + 1
    assert finding.where == f"data/nlu/all.en.yml:{line}"
    assert "hours at data/nlu/all.en.yml:5" in finding.message


def test_examples_that_are_only_emoji_are_told_apart() -> None:
    assert normalised("👍") != normalised("👎")


def test_an_intent_without_examples(project: Path) -> None:
    edit(project, "domain.yml", "- hours\n", "- hours\n- fees\n")
    messages = [finding.message for finding in lint(project)]
    assert "the intent fees has no examples" in messages


def test_examples_of_an_unknown_intent(project: Path) -> None:
    edit(project, "data/nlu/all.en.yml", "nlu:\n", "nlu:\n- intent: fees\n  examples: |\n    - how much\n")
    finding = only(lint(project))
    assert (finding.where, finding.message) == ("data/nlu/all.en.yml:4", "domain.yml does not list the intent fees")


def test_a_response_without_indonesian(project: Path) -> None:
    edit(
        project,
        "domain.yml",
        '  - text: "{ref} yang mana?"\n    condition: [{type: slot, name: language, value: id}]\n',
        "",
    )
    finding = only(lint(project))
    assert finding.message == "utter_ask_ref has no Indonesian text"


def test_a_channel_with_its_own_wording_in_one_language_only(project: Path) -> None:
    edit(project, "domain.yml", "  utter_ask_ref:\n", '  utter_ask_ref:\n  - text: "{ref}?"\n    channel: telegram\n')
    finding = only(lint(project))
    assert finding.message == "utter_ask_ref on telegram has no Indonesian text"
    assert "channel: telegram" in finding.fix


def test_a_response_for_one_channel_only(project: Path) -> None:
    edit(
        project,
        "domain.yml",
        '  - text: "Which {ref}?"\n  - text: "{ref} yang mana?"\n'
        "    condition: [{type: slot, name: language, value: id}]\n",
        '  - text: "Which {ref}?"\n    channel: webchat\n'
        '  - text: "{ref} yang mana?"\n    channel: webchat\n'
        "    condition: [{type: slot, name: language, value: id}]\n",
    )
    assert only(lint(project)).message == "utter_ask_ref has texts for some channels only"


def test_emoji_are_a_warning(project: Path) -> None:
    edit(project, "domain.yml", "Which {ref}?", "Which {ref}? 🙂")
    finding = only(lint(project))
    assert (finding.severity, finding.message) == ("warning", "utter_ask_ref has an emoji")


def test_a_text_that_is_too_long(project: Path) -> None:
    edit(project, "domain.yml", "Which {ref}?", "Which {ref}? " + "x" * 4096)
    assert "characters long" in only(lint(project)).message


def test_a_placeholder_that_nothing_fills(project: Path) -> None:
    edit(project, "domain.yml", "{item} comes on {eta}.", "{item} comes on {eta} with {carrier}.")
    edit(project, "domain.yml", "{item} tiba {eta}.", "{item} tiba {eta} dengan {carrier}.")
    findings = lint(project)
    assert {finding.message for finding in findings} == {"nothing fills {carrier} in utter_order_sent"}
    edit(project, "actions/orders.py", "eta=order.eta", "eta=order.eta, carrier=order.carrier")
    assert lint(project) == []


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("/nowhere", "leads to the unknown intent nowhere"),
        ('/hours{{"colour": "red"}}', "has the unknown entity colour"),
        ("/hours{{ref}}", "has unreadable entities"),
    ],
)
def test_a_button_that_leads_nowhere(project: Path, payload: str, message: str) -> None:
    text = (project / "domain.yml").read_text().replace("payload: /person", f"payload: '{payload}'")
    (project / "domain.yml").write_text(text)
    findings = lint(project)
    assert len(findings) == 2  # once in each language
    assert all(message in finding.message for finding in findings)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('- title: "Petugas"\n      payload: /person', "- Petugas", "its buttons are no list of entries"),
        ('- text: "Which {ref}?"', '- "Which {ref}?"', "'Which {ref}?' is no variation"),
        ("utter_hours:\n", "utter_short: hello\n  utter_hours:\n", "no list of variations; perhaps a dash is missing"),
        (
            "utter_hours:\n",
            "utter_short: {text: hello}\n  utter_hours:\n",
            "no list of variations; perhaps a dash is missing",
        ),
    ],
)
def test_a_response_of_another_shape_is_told_and_not_read(project: Path, old: str, new: str, message: str) -> None:
    edit(project, "domain.yml", old, new)
    assert message in [finding.message.partition(": ")[2] for finding in lint(project)]


def test_buttons_that_differ_between_the_languages(project: Path) -> None:
    edit(project, "domain.yml", 'title: "Petugas"\n      payload: /person', 'title: "Jam"\n      payload: /hours')
    assert "different places" in only(lint(project)).message


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("Rp1.000.000", "Rp10.000.000", "numbers: 1000000, 10000000"),
        ("4,5%", "5,4%", "numbers: 4.5, 5.4"),
        ("Lihat https://a.example/x", "Lihat https://b.example/x", "links: https://a.example/x, https://b.example/x"),
    ],
)
def test_facts_that_differ_between_the_languages(project: Path, old: str, new: str, kind: str) -> None:
    edit(project, "domain.yml", old, new)
    assert only(lint(project)).message == f"the languages of utter_hours have different {kind}"


def test_a_placeholder_lost_in_translation(project: Path) -> None:
    edit(project, "domain.yml", "{item} tiba {eta}.", "{item} segera tiba.")
    assert only(lint(project)).message.endswith("different placeholders: eta")


def test_a_rule_that_says_what_the_domain_does_not_have(project: Path) -> None:
    edit(project, "data/rules/rules.yml", "action: utter_hours", "action: utter_ours")
    findings = {finding.severity: finding for finding in lint(project)}
    assert findings["error"].where == "data/rules/rules.yml:5"
    assert findings["warning"].message == "nothing says utter_hours"


def test_an_entry_of_a_lookup_table_that_a_shorter_one_hides(project: Path) -> None:
    table = "nlu:\n- lookup: money\n  examples: |\n    - dolar\n    - dolares\n    - Dolar kanada\n    - dolar\n"
    (project / "data/nlu/lookups.yml").write_text(table)
    finding = only(lint(project))
    assert (finding.where, finding.severity) == ("data/nlu/lookups.yml:2", "error")
    assert "'Dolar kanada'" in finding.message
    (project / "data/nlu/lookups.yml").write_text(table.replace("    - dolar\n    - dolares\n", "    - dolares\n"))
    assert lint(project) == []


def test_a_notice_without_a_language(project: Path) -> None:
    edit(project, "data/notices.yml", '  id: "Petugas membalas dalam {minutes} menit."\n', "")
    finding = only(lint(project))
    assert (finding.where, finding.message) == ("data/notices.yml:1", "the notice handoff has no Indonesian text")


def test_a_notice_that_loses_a_placeholder(project: Path) -> None:
    edit(project, "data/notices.yml", "dalam {minutes} menit", "segera")
    assert only(lint(project)).message.endswith("different placeholders: minutes")


def test_unreadable_yaml_is_named_with_its_line(project: Path) -> None:
    (project / "data/rules/rules.yml").write_text('rules:\n- rule: "no end\n')
    finding = only(lint(project))
    assert finding.where.startswith("data/rules/rules.yml:")
    assert finding.message == "this is not YAML"


def test_an_action_that_is_not_python(project: Path) -> None:
    (project / "actions/orders.py").write_text("def run(:\n")
    assert only(lint(project)).where == "actions/orders.py:1"


def test_a_folder_without_a_project(tmp_path: Path) -> None:
    assert only(lint(tmp_path)).message == "there is no domain.yml"
