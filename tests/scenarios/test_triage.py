"""Every row of data/triage/policy.yml through the whole running system, in both languages, in public and in private."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.core import events as e
from bot.core.conversation import Conversation, Owner
from bot.core.risk import Bot
from channels.messages import Surface
from tests.scenarios.harness import Sigap
from tests.scenarios.test_social import Customer
from tests.scenarios.test_telegram import until

pytestmark = pytest.mark.timeout(300)
PLATFORM = "x"  # one address for both surfaces
PATIENCE_S = 60.0
A_WHILE_S = 2.0

# What a customer might write, by label: (English, Indonesian). Labels that words do not carry are below.
SAID: dict[str, tuple[str, str]] = {
    "praise": ("thank you so much, your service is great", "terima kasih banyak, pelayanannya mantap"),
    "self_harm": ("I want to kill myself, I can't take it any more", "saya mau bunuh diri, sudah tidak kuat lagi"),
    "health": (
        "I had an allergic reaction to your cream and can't breathe",
        "saya sesak napas, reaksi alergi krim kalian",
    ),
    "violence": ("I will burn down your office and kill you", "saya bakar kantor kalian, gue bunuh lo semua"),
    "fraud": (
        "there are unauthorized transactions on my card and my money is gone",
        "saldo hilang, ada transfer yang bukan transaksi saya",
    ),
    "account_takeover": (
        "my account was hacked and somebody changed my password",
        "akun saya diretas, ada yang login dan PIN saya diganti",
    ),
    "minor": (
        "my 12 year old used my card without asking, he is a child",
        "anak saya umur 12 tahun pakai kartu saya tanpa izin, masih di bawah umur",
    ),
    "vulnerable": (
        "I lost my job and cannot pay the instalment, we have no money for food",
        "saya kena PHK, ga sanggup bayar cicilan, buat makan saja tidak ada",
    ),
    "regulator": ("@ojkindonesia please look at this bank", "@ojkindonesia tolong periksa bank ini"),
    "legal_threat": (
        "my lawyers will sue you, see you in court",
        "pengacara saya akan menggugat, ketemu di pengadilan",
    ),
    "data_protection": (
        "under GDPR I want you to delete my data, I withdraw my consent",
        "sesuai UU PDP hapus data saya, saya cabut persetujuan",
    ),
    "discrimination": (
        "your staff refused me because of my religion and skin colour, that is racist",
        "saya ditolak karena agama dan suku saya, ini diskriminasi",
    ),
    "bribery": (
        "your officer asked for a bribe to approve my loan",
        "petugas minta uang pelicin supaya pinjaman saya disetujui",
    ),
    "press_exposure": (
        "I'm a journalist and I write about your bank, please comment before 5 pm",
        "saya wartawan, mohon tanggapan untuk berita tentang bank ini",
    ),
    "employee_complaint": (
        "the teller was so rude, she yelled at me in front of everybody",
        "tellernya kasar banget, saya dibentak di depan orang banyak",
    ),
    "formal_complaint": (
        "I want to lodge a formal complaint and get a complaint number",
        "saya mau mengajukan pengaduan resmi, minta nomor pengaduannya",
    ),
    "impersonation": (
        "a fake account is pretending to be your bank and asked for my OTP",
        "ada akun palsu mengaku dari bank kalian dan minta kode OTP",
    ),
    "churn": (
        "I am closing my account and switching to another bank",
        "saya mau tutup rekening saya dan pindah ke bank lain",
    ),
    "spam": (
        "BUY 10000 FOLLOWERS CHEAP!!! visit bit.ly/cheapfollow now, crypto pump signals inside",
        "JUAL FOLLOWERS MURAH!!! klik bit.ly/followermurah, slot gacor maxwin daftar sekarang",
    ),
}


@pytest.fixture(scope="module")
def sigap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigap]:
    with Sigap(tmp_path_factory.mktemp("triage") / "home") as system:
        yield system


@pytest.fixture
async def system(sigap: Sigap, tmp_path: Path) -> AsyncIterator[System]:
    async with bootstrap.connect(settings.load(sigap.environment, dotenv=tmp_path / "none")) as connected:
        yield connected


async def screened(system: System, key: str) -> e.Triaged:
    found = await until(lambda: _triaged(system, key), lambda events: bool(events), timeout_s=PATIENCE_S)
    return found[-1]


async def _triaged(system: System, key: str) -> list[e.Triaged]:
    return [event for event in await system.store.log(key) if isinstance(event, e.Triaged)]


async def _understood(system: System, key: str) -> list[e.Understood]:
    return [event for event in await system.store.log(key) if isinstance(event, e.Understood)]


async def conversation(system: System, key: str) -> Conversation:
    found = (await system.store.load(key)).conversation
    assert found is not None
    return found


@pytest.mark.parametrize("surface", list(Surface))
async def test_every_row_of_the_policy(sigap: Sigap, system: System, surface: Surface) -> None:
    assert set(SAID) == {name for name, rules in system.policy.items()} - {
        "rising_anger", "repeat_contact", "wide_reach", "anger",
    }  # fmt: skip
    people = {
        (label, language): Customer(sigap, PLATFORM, name=f"{label} {language}")
        for label in SAID
        for language in ("en", "id")
    }
    for (label, language), customer in people.items():
        customer.write(SAID[label][language == "id"], surface)
    for (label, language), customer in people.items():
        where = f"{label} {language} {surface}"
        rule = system.policy[label][surface]
        triaged = await screened(system, customer.key)
        assert label in {finding.label for finding in triaged.findings}, f"{where}: {triaged.findings}"
        if rule.bot is Bot.ANSWER:
            assert triaged.bot == Bot.ANSWER, f"{where}: {triaged}"
            assert label != "praise" or customer.sees(1), where
            continue
        assert triaged.bot != Bot.ANSWER, where
        case = await conversation(system, customer.key)
        assert case.owner is (Owner.WAITING if rule.handoff else Owner.BOT), where
        if rule.handoff:
            assert case.handoff is not None
            assert case.handoff.reason == "triage", where
            assert set(rule.skills) <= set(case.handoff.skills), where
            assert case.risk.approval or not rule.approval, where
    time.sleep(A_WHILE_S)
    for (label, language), customer in people.items():
        where = f"{label} {language} {surface}"
        case = await conversation(system, customer.key)
        led = (await screened(system, customer.key)).label
        rule = system.policy[led][surface] if led else None
        if rule is None:
            continue
        log = await system.store.log(customer.key)
        said = [event for event in log if isinstance(event, e.ReplyComposed)]
        assert not [event for event in log if isinstance(event, e.ReplyRefused | e.ReplyFailed)], where
        if rule.bot is Bot.SILENT:
            assert said == customer.screen() == [], where
        else:
            wording = system.wordings.text(rule.wording, language, PLATFORM, surface)
            assert wording in said[0].text, f"{where}: {said}"
            assert said[0].surface == surface, where
        # X lets only so many messages through in a while: what it has shown is what was said.
        assert [item["text"] for item in customer.screen()] == [event.text for event in said][: len(customer.screen())]
        assert [line for line in await system.store.log(customer.key) if isinstance(line, e.Understood)] == [], where
    assert people[("praise", "en")].state()["violations"] == []


CALM = ("where is my refund?", "refund saya sampai mana ya?")
ANGRY = (
    "THIS IS OUTRAGEOUS!!! you useless idiots, what a garbage company, answer me!!!",
    "DASAR GOBLOK SEMUA!!! perusahaan sampah, ga becus kerja, jawab woi!!!",
)


@pytest.mark.parametrize("surface", list(Surface))
@pytest.mark.parametrize("language", ["en", "id"])
async def test_the_rows_that_words_alone_do_not_carry(
    sigap: Sigap, system: System, surface: Surface, language: str
) -> None:
    """How far somebody is heard, and how angry they are and become. That somebody writes for the third time in a week
    takes days: tests/triage and tests/services turn the clock."""
    number = language == "id"
    heard = Customer(sigap, PLATFORM, name=f"Heard {language} {surface}", followers=25_000)
    known = Customer(sigap, PLATFORM, name=f"Known {language} {surface}", verified=True)
    angry = Customer(sigap, PLATFORM, name=f"Angry {language} {surface}")
    for customer, text in ((heard, CALM), (known, CALM), (angry, ANGRY)):
        customer.write(text[number], surface)
    for customer, label in ((heard, "wide_reach"), (known, "wide_reach"), (angry, "anger")):
        triaged = await screened(system, customer.key)
        assert label in {finding.label for finding in triaged.findings}, f"{label}: {triaged.findings}"
        rule = system.policy[label][surface]
        assert triaged.bot == rule.bot == Bot.ANSWER, label
        assert (await conversation(system, customer.key)).risk.priority >= rule.priority, label
    rising = Customer(sigap, PLATFORM, name=f"Rising {language} {surface}")
    rising.write(CALM[number], surface)
    # X lets only so many answers through in a while: its screen may stay empty.
    await until(lambda: _understood(system, rising.key), lambda events: bool(events), timeout_s=PATIENCE_S)
    rising.write(ANGRY[number], surface)
    case = await until(
        lambda: conversation_or_none(system, rising.key),
        lambda found: found is not None and found.owner is Owner.WAITING,
        timeout_s=PATIENCE_S,
    )
    assert case.handoff.reason == "triage"
    assert "rising_anger" in {finding.label for finding in (await screened(system, rising.key)).findings}


async def test_a_worker_killed_between_detection_and_handoff_lets_no_answer_through(
    sigap: Sigap, system: System
) -> None:
    customers = [Customer(sigap, PLATFORM, name=f"Killed {number}") for number in range(12)]
    for number, customer in enumerate(customers):
        customer.write(SAID["fraud"][number % 2], "private")
        if number in (3, 8):
            sigap.kill("worker")
    for customer in customers:
        await until(
            lambda customer=customer: conversation_or_none(system, customer.key),
            lambda found: found is not None and found.owner is Owner.WAITING,
            timeout_s=PATIENCE_S,
        )
    time.sleep(A_WHILE_S)
    for customer in customers:
        log = await system.store.log(customer.key)
        assert not [event for event in log if isinstance(event, e.ReplyComposed) and event.sender == "bot"]
        assert len([event for event in log if isinstance(event, e.Triaged)]) == 1


async def conversation_or_none(system: System, key: str) -> Conversation | None:
    return (await system.store.load(key)).conversation


async def test_what_people_did_with_it_is_in_the_audit_log_and_tampering_is_found(sigap: Sigap, system: System) -> None:
    customer = Customer(sigap, PLATFORM, name="Audited")
    customer.write(SAID["legal_threat"][0], "private")
    await screened(system, customer.key)
    time.sleep(A_WHILE_S)
    verified = sigap.command("audit", "verify")
    assert (verified.returncode, "chain holds" in verified.stdout) == (0, True), verified.stdout + verified.stderr
    entries = system.archive.audit(customer.key)
    assert [entry.action for entry in entries] == ["handed_over"]
    with system.archive.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql(
            f"UPDATE audit SET body = replace(body, 'legal_threat', 'praise') WHERE seq = {entries[0].seq}"
        )
    broken = sigap.command("audit", "verify")
    assert broken.returncode == 1
    assert f"broken at entry {entries[0].seq}" in broken.stdout
