"""Four eyes: in a regulated case nobody's public words go out unread."""

from __future__ import annotations

import pytest

from bot.core import events as e
from bot.core.conversation import NEW_CONTACT_AFTER, Owner
from bot.core.ports import Agent
from bot.services.approve import Approvals, NotEntitled, OutOfDate
from bot.services.change import BadReply
from channels.messages import Surface
from tests.services.world import KEY, SocialChannel, World

THREAT = "my lawyer will write to you"
RINA = Agent(agent_id="rina", name="Rina", password_hash="")
SARI = Agent(agent_id="sari", name="Sari", password_hash="", skills=("approver",))
DEWI = Agent(agent_id="dewi", name="Dewi", password_hash="", role="supervisor")


class Case:
    """A regulated public case in Rina's hands."""

    def __init__(self) -> None:
        self.world = World(SocialChannel())
        self.world.triage.expect(THREAT, "legal_threat", approval=True)
        self.approvals = Approvals(self.world.store, self.world.speech, self.world.clock)

    async def begin(self) -> Case:
        await self.world.post(THREAT)
        await self.world.deliver()
        await self.world.desk.claim(KEY, RINA)
        return self

    async def propose(self, text: str, client_id: str = "1") -> str:
        await self.world.desk.reply(KEY, RINA, text, client_id, surface=Surface.PUBLIC)
        proposal = (await self.world.conversation()).proposal
        assert proposal is not None
        return proposal.proposal_id

    async def public(self) -> list[str]:
        await self.world.deliver()
        assert isinstance(self.world.channel, SocialChannel)
        return [text for text in self.world.channel.public if not text.endswith("public]")]


@pytest.fixture
async def case() -> Case:
    return await Case().begin()


async def test_a_public_reply_waits_for_a_second_person(case: Case) -> None:
    proposal = await case.propose("We are sorry.")
    assert await case.public() == []
    await case.approvals.approve(KEY, SARI, proposal, 1)
    assert await case.public() == ["We are sorry."]
    [line] = [line for line in await case.world.lines() if line.kind == "proposal"]
    assert (line.status, line.name, line.settled_by) == ("approved", "Rina", "Sari")


async def test_nobody_approves_their_own_words(case: Case) -> None:
    await case.world.desk.release(KEY, RINA)
    await case.world.desk.claim(KEY, SARI)
    await case.world.desk.reply(KEY, SARI, "We are sorry.", "1", surface=Surface.PUBLIC)
    proposal = (await case.world.conversation()).proposal
    assert proposal is not None
    with pytest.raises(NotEntitled):
        await case.approvals.approve(KEY, SARI, proposal.proposal_id, 1)
    assert await case.public() == []


async def test_a_colleague_without_the_right_cannot_approve(case: Case) -> None:
    proposal = await case.propose("We are sorry.")
    other = Agent(agent_id="budi", name="Budi", password_hash="")
    with pytest.raises(NotEntitled):
        await case.approvals.approve(KEY, other, proposal, 1)
    with pytest.raises(NotEntitled):
        await case.approvals.override(KEY, other, proposal, 1, "urgent")
    assert await case.public() == []


async def test_an_edit_after_it_was_read_needs_a_new_look(case: Case) -> None:
    proposal = await case.propose("We are sorry.")
    assert await case.propose("We are not sorry.", "2") == proposal
    with pytest.raises(OutOfDate):
        await case.approvals.approve(KEY, SARI, proposal, 1)
    assert await case.public() == []
    await case.approvals.approve(KEY, SARI, proposal, 2)
    assert await case.public() == ["We are not sorry."]


async def test_it_is_said_once_however_often_it_is_approved(case: Case) -> None:
    proposal = await case.propose("We are sorry.")
    await case.approvals.approve(KEY, SARI, proposal, 1)
    with pytest.raises(OutOfDate):
        await case.approvals.approve(KEY, DEWI, proposal, 1)
    assert await case.public() == ["We are sorry."]


async def test_a_supervisor_overrides_with_a_reason_that_is_kept(case: Case) -> None:
    proposal = await case.propose("Call 112 now.")
    with pytest.raises(BadReply):
        await case.approvals.override(KEY, DEWI, proposal, 1, "  ")
    await case.approvals.override(KEY, DEWI, proposal, 1, "life in danger")
    assert await case.public() == ["Call 112 now."]
    [settled] = await case.world.log(e.ProposalSettled)
    assert (settled.outcome, settled.agent_id, settled.note) == ("overridden", "dewi", "life in danger")


async def test_a_rejected_reply_is_not_said(case: Case) -> None:
    proposal = await case.propose("Go away.")
    await case.approvals.reject(KEY, SARI, proposal, 1, "too harsh")
    with pytest.raises(OutOfDate):
        await case.approvals.approve(KEY, DEWI, proposal, 1)
    assert await case.public() == []


async def test_a_private_reply_needs_nobody(case: Case) -> None:
    await case.world.receive(case.world.message("here"))
    await case.world.work()
    await case.world.desk.reply(KEY, RINA, "hello", "1", surface=Surface.PRIVATE)
    assert (await case.world.conversation()).proposal is None


async def test_words_that_waited_to_leave_when_the_case_became_regulated_are_not_said(case: Case) -> None:
    world = World(SocialChannel())
    world.triage.expect(THREAT, "legal_threat", approval=True)
    await world.post("where is my card")
    await world.deliver()
    await world.desk.claim(KEY, RINA)
    await world.desk.reply(KEY, RINA, "On its way.", "1", surface=Surface.PUBLIC)
    await world.post(THREAT)
    await world.deliver()
    assert isinstance(world.channel, SocialChannel)
    assert "On its way." not in world.channel.public
    [refused] = await world.log(e.ReplyRefused)
    assert (refused.rule, refused.next_step) == ("needs_approval", "approval")
    assert ("On its way.", "refused") in [(line.text, line.status) for line in await world.lines()]


async def test_putting_the_case_back_withdraws_the_proposal(case: Case) -> None:
    proposal = await case.propose("We are sorry.")
    await case.world.desk.release(KEY, RINA)
    assert (await case.world.conversation()).owner is Owner.WAITING
    with pytest.raises(OutOfDate):
        await case.approvals.approve(KEY, SARI, proposal, 1)


@pytest.mark.parametrize("way", ["release", "give_back", "close"])
async def test_what_becomes_of_a_proposal_with_its_case_is_told(case: Case, way: str) -> None:
    proposal = await case.propose("We are sorry.")
    await getattr(case.world.desk, way)(KEY, RINA)
    [settled] = await case.world.log(e.ProposalSettled)
    assert (settled.proposal_id, settled.outcome, settled.agent_id) == (proposal, "withdrawn", "rina")


async def test_a_repeated_submit_of_an_edit_changes_nothing(case: Case) -> None:
    proposal = await case.propose("We are sorry.")
    await case.propose("We are very sorry.", "2")
    await case.propose("We are very sorry.", "2")
    await case.approvals.approve(KEY, SARI, proposal, 2)
    await case.world.desk.reply(KEY, RINA, "We are very sorry.", "2", surface=Surface.PUBLIC)
    assert (await case.world.conversation()).proposal is None
    assert await case.public() == ["We are very sorry."]


async def test_an_approved_reply_is_the_first_answer(case: Case) -> None:
    proposal = await case.propose("We are sorry.")
    assert (held := (await case.world.conversation()).handoff) and held.first_answer_at is None
    case.world.clock.forward(60)
    await case.approvals.approve(KEY, SARI, proposal, 1)
    assert (held := (await case.world.conversation()).handoff) and held.first_answer_at == case.world.clock.now()


async def test_giving_back_and_claiming_again_does_not_get_round_the_second_person(case: Case) -> None:
    await case.world.desk.give_back(KEY, RINA)
    await case.world.desk.claim(KEY, RINA)
    await case.propose("Sue us then.")
    assert await case.public() == []


async def test_what_comes_on_another_day_is_another_case(case: Case) -> None:
    await case.world.desk.give_back(KEY, RINA)
    case.world.clock.forward(NEW_CONTACT_AFTER.total_seconds() + 1)
    await case.world.post("when do you open?")
    assert not (await case.world.conversation()).risk.approval
