"""Triage stands before the assistant: what it finds decides whether the assistant is even asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.core import events as e
from bot.core.conversation import Owner, Proposal
from bot.core.handoff import Reason
from bot.core.house import House
from bot.core.ports import Agent, Commit, HandoffRequest, Turn, Utterance
from bot.core.risk import Bot, Rule
from channels.capabilities import Hiding, PrivateReply
from channels.messages import Customer, HumanEcho, MessageEdited, Sender, Surface
from tests.services.world import KEY, SocialChannel, World

THREAT = "you will hear from my lawyer"
GRAVER = "and my money is gone"
DINA = Agent(agent_id="dina", name="Dina", password_hash="", skills=("legal", "fraud"))


@pytest.fixture
def world() -> World:
    world = World()
    world.triage.expect(THREAT, "legal_threat", skills=("legal",), priority=4, approval=True, answer_within=5)
    world.triage.expect(GRAVER, "fraud", skills=("fraud",), priority=5, answer_within=2)
    world.staff.agents, world.staff.there = [DINA], ["dina"]
    return world


class TestBeforeTheAssistant:
    async def test_a_risk_never_reaches_the_assistant(self, world: World) -> None:
        await world.write(THREAT)
        await world.work()
        assert world.dialogue.heard == []
        conversation = await world.conversation()
        assert conversation.owner is Owner.WAITING
        assert conversation.handoff is not None
        assert (conversation.handoff.reason, conversation.handoff.label) == (Reason.TRIAGE, "legal_threat")
        assert (conversation.handoff.skills, conversation.handoff.priority) == (("legal",), 4)
        assert (conversation.handoff.answer_due_at - conversation.handoff.opened_at).total_seconds() == 300
        first, second = await world.queued()
        assert first.text.endswith("[legal_threat en private]")
        assert first.sender is second.sender is Sender.NOTICE

    async def test_an_ordinary_message_is_answered_and_leaves_no_finding(self, world: World) -> None:
        await world.write("what does a transfer cost")
        await world.work()
        assert len(world.dialogue.heard) == 1
        assert await world.log(e.Triaged) == []

    async def test_what_the_policy_lets_through_is_noted(self, world: World) -> None:
        world.triage.expect("great app", "praise", bot=Bot.ANSWER, wording="")
        await world.write("great app")
        await world.work()
        [triaged] = await world.log(e.Triaged)
        assert (triaged.bot, triaged.findings[0].label) == (Bot.ANSWER, "praise")
        assert len(world.dialogue.heard) == 1

    async def test_silence_says_nothing_and_hands_over(self, world: World) -> None:
        world.triage.expect("boom", "violence", bot=Bot.SILENT, wording="")
        await world.write("boom")
        await world.work()
        assert await world.queued() == []
        assert (await world.conversation()).owner is Owner.WAITING

    async def test_spam_needs_nobody(self, world: World) -> None:
        world.triage.expect("buy followers", "spam", bot=Bot.SILENT, wording="", handoff=False)
        await world.write("buy followers", "hi")
        await world.work()
        assert [line.text for line in await world.lines() if line.author == "bot"] == ["echo: hi"]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_what_the_bot_had_not_sent_yet_is_not_said_after_it(self, world: World) -> None:
        await world.write("hi", THREAT)
        await world.work()
        await world.deliver()
        assert "echo: hi" not in world.channel.screen
        assert any("legal_threat" in text for text in world.channel.screen)

    async def test_an_edit_that_adds_a_threat_hands_over(self, world: World) -> None:
        await world.write("hi")
        await world.work()
        [wrote] = await world.log(e.CustomerWrote)
        await world.receive(world.event(MessageEdited, external_id=wrote.external_id, text=THREAT))
        await world.work()
        assert (await world.conversation()).owner is Owner.WAITING
        [line] = [line for line in await world.lines() if line.author == "customer"]
        assert [finding.label for finding in line.findings] == ["legal_threat"]

    async def test_a_turn_that_keeps_breaking_is_screened_all_the_same(self, world: World) -> None:
        await world.receive(world.message(THREAT))
        lease = await world.inbound.lease("w", 0)
        assert lease is not None
        await world.converse.give_up(lease, "Killed")
        handoff = (await world.conversation()).handoff
        assert handoff is not None
        assert handoff.reason == Reason.TRIAGE


class TestWhoeverHasIt:
    async def test_while_waiting_it_moves_ahead_and_is_acknowledged_once(self, world: World) -> None:
        await world.write(THREAT)
        await world.work()
        world.clock.forward(10)
        await world.write(GRAVER, GRAVER)
        await world.work()
        handoff = (await world.conversation()).handoff
        assert handoff is not None
        assert (handoff.label, handoff.priority, handoff.skills) == ("fraud", 5, ("legal", "fraud"))
        assert (handoff.answer_due_at - handoff.opened_at).total_seconds() == 130
        assert sum("[fraud" in text for text in await world.texts()) == 1

    async def test_with_a_person_the_bot_stays_silent_and_the_case_becomes_regulated(self, world: World) -> None:
        await world.write("hi")
        await world.work()
        await world.desk.claim(KEY, DINA)
        before = len(await world.queued())
        await world.write(THREAT)
        await world.work()
        assert len(await world.queued()) == before
        conversation = await world.conversation()
        assert conversation.owner is Owner.HUMAN
        assert conversation.risk.approval
        assert [finding.label for finding in conversation.risk.findings] == ["legal_threat"]

    async def test_a_person_who_went_home_does_not_keep_a_danger_to_themselves(self, world: World) -> None:
        world.staff.there = []
        await world.write("hi")
        await world.work()
        await world.desk.claim(KEY, DINA)
        await world.write(THREAT)
        await world.work()
        conversation = await world.conversation()
        assert (conversation.owner, conversation.agent_id) == (Owner.WAITING, "")
        assert conversation.handoff is not None
        assert (conversation.handoff.reason, conversation.handoff.skills) == (Reason.TRIAGE, ("legal",))
        assert sum("[legal_threat" in text for text in await world.texts()) == 1

    async def test_a_draft_of_somebody_who_has_gone_is_told_to_be_withdrawn(self, world: World) -> None:
        await world.write("hi")
        await world.work()
        await world.desk.claim(KEY, DINA)
        held = await world.conversation()
        waits = Proposal(proposal_id="p1", text="Sorry.", agent_id="dina", agent_name="Dina", at=world.clock.now())
        await world.store.commit(
            Commit(conversation=replace(held, proposal=waits), expected_version=held.version)
        )  # fmt: skip
        world.staff.there = []
        await world.write(THREAT)
        await world.work()
        assert (await world.conversation()).proposal is None
        [settled] = await world.log(e.ProposalSettled)
        assert (settled.proposal_id, settled.outcome, settled.agent_id) == ("p1", "withdrawn", "")

    async def test_who_closed_the_desk_and_goes_on_in_the_app_is_not_talked_over(self, world: World) -> None:
        await world.write("hi")
        await world.work()
        await world.desk.claim(KEY, DINA)
        world.staff.there = []
        await world.receive(world.event(HumanEcho, external_id="h1", text="One moment.", at=world.clock.now()))
        await world.work()
        before = len(await world.queued())
        await world.write(THREAT)
        await world.work()
        assert (await world.conversation()).owner is Owner.HUMAN
        assert len(await world.queued()) == before

    @pytest.mark.parametrize(("later", "owner"), [(600, Owner.HUMAN), (7200, Owner.WAITING)])
    async def test_who_answered_in_the_platforms_app_is_waited_for_an_hour(
        self, world: World, later: int, owner: Owner
    ) -> None:
        await world.write("hi")
        await world.work()
        await world.receive(world.event(HumanEcho, external_id="h1", text="We look into it.", at=world.clock.now()))
        await world.work()
        assert (await world.conversation()).owner is Owner.HUMAN
        world.clock.forward(later)
        await world.write("ok")
        await world.work()
        assert (await world.conversation()).owner is Owner.HUMAN, "an ordinary message changes nothing"
        await world.write(THREAT)
        await world.work()
        assert (await world.conversation()).owner is owner
        assert ("waiting" in [line.after for line in await world.lines() if line.kind == "owner"]) == (
            owner is Owner.WAITING
        )

    async def test_a_danger_beside_another_reason_to_wait_becomes_the_reason(self, world: World) -> None:
        world.dialogue.script["a person please"] = Turn(
            utterances=(Utterance(text="Of course."),), handoff=HandoffRequest(reason="customer_asked", detail="")
        )
        await world.write("a person please", THREAT)
        await world.work()
        conversation = await world.conversation()
        assert conversation.handoff is not None
        assert (conversation.owner, conversation.handoff.reason) == (Owner.WAITING, Reason.TRIAGE)
        assert conversation.handoff.label == "legal_threat"
        await world.deliver()
        assert "Of course." not in world.channel.screen, "what had not left yet is not said beside it"
        assert any("[legal_threat" in text for text in world.channel.screen)

    async def test_a_skill_that_nobody_has_is_made_known_also_when_it_is_asked_for_later(self, world: World) -> None:
        world.staff.agents = [replace(DINA, skills=("legal",))]
        await world.write(THREAT)
        await world.work()
        assert await world.log(e.HandoffStranded) == []
        await world.write(GRAVER, GRAVER)
        await world.work()
        [stranded] = await world.log(e.HandoffStranded)
        assert stranded.skills == ("legal", "fraud")

    async def test_start_takes_back_an_opt_out_and_no_danger(self) -> None:
        world = World(house=House(opt_out=("stop",), opt_in=("start",)))
        world.triage.expect(GRAVER, "fraud", skills=("fraud",), priority=5, answer_within=2)
        await world.write("stop", "hello?", GRAVER, "start")
        await world.work()
        conversation = await world.conversation()
        assert (conversation.owner, conversation.opted_out) == (Owner.WAITING, "")
        assert [finding.label for finding in conversation.risk.findings] == ["fraud"]

    async def test_words_that_break_triage_itself_reach_a_person(self, world: World) -> None:
        world.triage.breaks = True
        await world.receive(world.message(THREAT))
        lease = await world.inbound.lease("w", 0)
        assert lease is not None
        await world.converse.give_up(lease, "ValueError")
        conversation = await world.conversation()
        assert conversation.handoff is not None
        assert (conversation.owner, conversation.handoff.reason) == (Owner.WAITING, Reason.ASSISTANT_FAILED)
        assert [wrote.text for wrote in await world.log(e.CustomerWrote)] == [THREAT]

    async def test_a_new_episode_forgets_the_risk(self, world: World) -> None:
        await world.write(THREAT)
        await world.work()
        await world.desk.claim(KEY, DINA)
        await world.desk.give_back(KEY, DINA)
        assert (await world.conversation()).risk.findings == ()
        assert (await world.conversation()).risk.approval
        await world.desk.claim(KEY, DINA)
        await world.desk.close(KEY, DINA)
        await world.write("hi")
        await world.work()
        assert len(world.dialogue.heard) == 1
        assert (await world.conversation()).risk.approval, "public words need a second person also after a close"


class TestSecrets:
    async def test_a_typed_code_is_kept_nowhere(self, world: World) -> None:
        await world.write("my OTP code is 482913, please help")
        await world.work()
        [wrote] = await world.log(e.CustomerWrote)
        assert "482913" not in wrote.text
        assert "please help" in wrote.text
        assert all("482913" not in heard for heard in world.dialogue.heard)

    async def test_words_that_break_triage_are_hidden_all_the_same(self) -> None:
        channel = SocialChannel()
        channel.set(Surface.PUBLIC, hiding=Hiding(source="https://v/hide"))
        world = World(channel)
        world.triage.breaks = True
        await world.receive(world.comment("my card 4111 1111 1111 1111"))
        lease = await world.inbound.lease("w", 0)
        assert lease is not None
        await world.converse.give_up(lease, "ValueError")
        [posted] = await world.log(e.PersonalPosted)
        assert posted.kinds == ("card number",)


class TestInPublic:
    async def test_the_rule_of_the_surface_counts(self) -> None:
        world = World(SocialChannel())
        silent = Rule(bot=Bot.SILENT, priority=4)
        world.triage.expect(THREAT, "legal_threat", public=silent)
        await world.post(THREAT)
        assert await world.queued() == []
        assert (await world.conversation()).owner is Owner.WAITING

    async def test_the_acknowledgement_goes_where_the_customer_wrote(self) -> None:
        world = World(SocialChannel())
        world.triage.expect(THREAT, "legal_threat")
        await world.post(THREAT)
        [message] = await world.queued()
        assert (message.surface, message.text.endswith("[legal_threat en public]")) == (Surface.PUBLIC, True)

    async def test_triage_knows_who_is_tagged_and_how_far_it_reaches(self) -> None:
        world = World(SocialChannel())
        who = Customer(external_id="7", followers=50_000, verified=True)
        await world.post("look", customer=who, tagged=("ojkindonesia",))
        [(_, about)] = world.triage.seen
        assert (about.followers, about.verified, about.tagged) == (50_000, True, ("ojkindonesia",))


class TestPersonalInPublic:
    CARD = "my card 4111 1111 1111 1111 was declined"

    @pytest.fixture
    def channel(self) -> SocialChannel:
        return SocialChannel()

    async def test_who_posts_it_is_warned_in_private(self, channel: SocialChannel) -> None:
        world = World(channel)
        await world.write("hi")
        await world.work()
        await world.post(self.CARD)
        await world.deliver()
        assert any("personal_posted" in text for text in channel.private)
        assert not any("personal_posted" in text for text in channel.public)
        [posted] = await world.log(e.PersonalPosted)
        assert posted.kinds == ("card number",)

    async def test_a_posted_code_is_hidden_and_warned_about_like_a_card(self, channel: SocialChannel) -> None:
        world = World(channel)
        channel.set(Surface.PUBLIC, hiding=Hiding(source="https://v/hide"))
        await world.write("hi")
        await world.work()
        await world.post("my OTP code is 482913, why")
        await world.deliver()
        [posted] = await world.log(e.PersonalPosted)
        assert posted.kinds == ("one-time code",)
        assert any("personal_posted" in text for text in channel.private)
        assert [message.kind for message in channel.signals if message.kind == "hide"]
        assert all("482913" not in line.text for line in await world.lines())

    async def test_the_one_private_reply_holds_warning_and_answer(self, channel: SocialChannel) -> None:
        channel.rule(Surface.PUBLIC, private_reply=PrivateReply(within=timedelta(days=7), source="https://v/p"))
        world = World(channel)
        await world.post(self.CARD)
        private = [message.text for message in await world.queued() if message.surface is Surface.PRIVATE]
        assert private == [f"[personal_posted/en]\n\necho: {self.CARD}"]

    async def test_without_a_way_into_private_the_warning_waits_for_one(self, channel: SocialChannel) -> None:
        world = World(channel)
        await world.post(self.CARD)
        await world.deliver()
        assert not any("personal_posted" in text for text in (*channel.public, *channel.private))
        await world.write("hi")
        await world.work()
        await world.deliver()
        assert sum("personal_posted" in text for text in channel.private) == 1
        await world.write("hi again")
        await world.work()
        await world.deliver()
        assert sum("personal_posted" in text for text in channel.private) == 1
        assert not any("personal_posted" in text for text in channel.public)

    async def test_the_warning_comes_also_where_a_person_is_awaited(self, channel: SocialChannel) -> None:
        world = World(channel)
        world.triage.expect(self.CARD, "fraud")
        await world.post(self.CARD)
        await world.write("hello?")
        await world.work()
        await world.deliver()
        assert (await world.conversation()).owner is Owner.WAITING
        assert sum("personal_posted" in text for text in channel.private) == 1

    async def test_it_is_hidden_where_the_platform_lets_us(self, channel: SocialChannel) -> None:
        channel.set(Surface.PUBLIC, hiding=Hiding(source="https://v/hide"))
        world = World(channel)
        comment = await world.post(self.CARD)
        await world.deliver()
        assert [signal.reply_to for signal in channel.signals if signal.kind == "hide"] == [comment]
        [line] = [line for line in await world.lines() if line.author == "customer"]
        assert (line.hidden, line.personal) == ("hidden", ("card number",))

    async def test_in_private_it_is_nobodys_business(self, channel: SocialChannel) -> None:
        world = World(channel)
        await world.write(self.CARD)
        await world.work()
        assert await world.log(e.PersonalPosted) == []
