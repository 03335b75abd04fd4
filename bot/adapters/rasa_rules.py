"""Rasa's rules, found sooner: Rasa holds every rule against every state, here only those that can fit are tried.

What decides is untouched Rasa. `rasa test` and a stock Rasa server run the original, so every conversation under
tests/assistant compares the two.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from rasa.core.policies import rule_policy
from rasa.engine.graph import ExecutionContext
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.trackers import DialogueStateTracker

Tie = tuple[Any, Any]  # last action and intent


class Rules:
    """The keys of one of the policy's tables by what their last state asks for. A rule that asks for no action or no
    intent fits any."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys: defaultdict[Tie, list[str]] = defaultdict(list)
        self.longest = 0  # states
        self.by_text = False  # whether one asks for a message's words, or for nothing of the message before it
        for key in keys:
            states = json.loads(key)
            self.longest = max(self.longest, len(states))
            action, intent = asked = _tie(states[-1])
            self._keys[asked].append(key)
            listened = action in (None, "action_listen")
            self.by_text |= any("text" in state.get(USER, {}) for state in states) or (listened and intent is None)

    def that_may_fit(self, state: State) -> set[str]:
        action, intent = _tie(state)
        ties = {(a, i) for a in (action, None) for i in (intent, None)}
        return {key for tie in ties for key in self._keys.get(tie, ())}


def _tie(state: Mapping[str, Any]) -> Tie:
    asked = (state.get(PREVIOUS_ACTION, {}).get("action_name"), state.get(USER, {}).get("intent"))
    action, intent = (None if value == SHOULD_NOT_BE_SET else value for value in asked)
    return action, intent


class RulePolicy(rule_policy.RulePolicy):
    """Stands for Rasa's own in a loaded model, and is named like it, because predictions carry the policy's name.

    The two private methods are those of Rasa 3.6, which is pinned and the last of its line.
    """

    _rules: dict[str, Rules]

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext, **kwargs: Any,
    ) -> RulePolicy:  # fmt: skip
        policy = super().load(config, model_storage, resource, execution_context, **kwargs)
        assert isinstance(policy, cls)
        tables = (rule_policy.RULES, rule_policy.RULES_FOR_LOOP_UNHAPPY_PATH)
        policy._rules = {table: Rules(policy.lookup.get(table, {})) for table in tables}
        return policy

    def _get_possible_keys(self, lookup: dict[str, str], states: list[State]) -> set[str]:
        """As Rasa's own."""
        rules = next((self._rules[table] for table in self._rules if self.lookup.get(table) is lookup), None)
        if rules is None or not states or not states[-1].get(PREVIOUS_ACTION):
            return set(super()._get_possible_keys(lookup, states))
        fitting = rules.that_may_fit(states[-1])
        for back, state in enumerate(reversed(states[-rules.longest :])):
            fitting = {key for key in fitting if self._is_rule_applicable(key, back, state)}
        return fitting

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> tuple[str | None, str | None, bool]:
        """As Rasa's own, which first looks for rules that quote the message's words: not where there is none."""
        if use_text_for_last_user_input and not tracker.active_loop_name and not self._rules[rule_policy.RULES].by_text:
            return None, None, False
        found: tuple[str | None, str | None, bool] = super()._find_action_from_rules(
            tracker, domain, use_text_for_last_user_input
        )
        return found
