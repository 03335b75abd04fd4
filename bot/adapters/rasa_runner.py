"""Runs Rasa's prediction graph without Dask, which costs more than the small components that it schedules, and with
components that do the same sooner where we have one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa.core.policies import rule_policy
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage

from bot.adapters.rasa_rules import RulePolicy

QUICKER: Mapping[type[GraphComponent], type[GraphComponent]] = {rule_policy.RulePolicy: RulePolicy}
Step = tuple[GraphNode, tuple[str, ...]]


class InOrder(GraphRunner):
    """Implements Rasa's GraphRunner: one node after the other, each after those that it needs. The order is worked out
    once for each set of targets."""

    def __init__(self, schema: GraphSchema, nodes: Mapping[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._plans: dict[tuple[str, ...], dict[str, Step]] = {}

    @classmethod
    def create(
        cls, graph_schema: GraphSchema, model_storage: ModelStorage, execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> InOrder:  # fmt: skip
        nodes = {
            name: GraphNode.from_schema_node(
                name, replace(node, uses=QUICKER.get(node.uses, node.uses)), model_storage, execution_context, hooks
            )
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """The targets' outputs by name. Raises GraphRunError for an input named like a node, or one that is missing."""
        wanted = tuple(targets or self._schema.target_names)
        plan = self._plans.get(wanted)
        if plan is None:
            plan = self._plans.setdefault(wanted, self._plan(wanted))
        inputs = inputs or {}
        if clash := plan.keys() & inputs.keys():
            raise GraphRunError(f"{', '.join(sorted(clash))}: both an input and a node of the graph")
        done: dict[str, tuple[str, Any]] = {name: (name, value) for name, value in inputs.items()}
        for name, (node, needs) in plan.items():
            # A node told of a name instead of an output says itself which input it misses.
            done[name] = node(*(done.get(need, need) for need in needs))
        return {name: done[name][1] for name in wanted}

    def _plan(self, wanted: tuple[str, ...]) -> dict[str, Step]:
        needed = self._schema.minimal_graph_schema(list(wanted)).nodes
        plan: dict[str, Step] = {}

        def add(name: str) -> None:
            if name in plan or name not in needed:
                return
            needs = tuple(needed[name].needs.values())
            for need in needs:
                add(need)
            plan[name] = (self._nodes[name], needs)

        for name in needed:
            add(name)
        return plan
