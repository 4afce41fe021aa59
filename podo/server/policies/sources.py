"""The policies that are there with their bindings, as the watch cache has them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from podo.server.admission.lookup import Lookup

Evaluator = TypeVar("Evaluator")


@dataclass(frozen=True)
class Policy(Generic[Evaluator]):
    """One policy: its object, its compiled expressions, its bindings by name."""

    definition: Any
    evaluator: Evaluator
    bindings: tuple[Any, ...]


class Policies(Generic[Evaluator]):
    """The policies of a kind, with bindings only; expressions are compiled once a revision."""

    def __init__(
        self, lookup: Lookup, policy: type[Any], binding: type[Any], compile: Callable[[Any], Evaluator]
    ) -> None:
        self._lookup, self._policy, self._binding, self._compile = lookup, policy, binding, compile
        self._seen: list[Any] = []
        self._evaluators: dict[str, tuple[Any, Evaluator]] = {}
        self._current: tuple[Policy[Evaluator], ...] = ()

    async def current(self) -> Sequence[Policy[Evaluator]]:
        """All that are bound, by name; those that have been answered are there."""
        bindings: list[Any] = await self._lookup.all(self._binding)
        if not bindings:
            return ()
        policies: list[Any] = await self._lookup.all(self._policy)
        seen = [*policies, *bindings]
        if len(seen) != len(self._seen) or any(a is not b for a, b in zip(seen, self._seen, strict=True)):
            self._current = self._built(policies, bindings)
            self._seen = seen
        return self._current

    def _built(self, policies: list[Any], bindings: list[Any]) -> tuple[Policy[Evaluator], ...]:
        by_policy: dict[str, list[Any]] = {}
        for binding in sorted(bindings, key=lambda each: str(each.metadata.name)):
            by_policy.setdefault(binding.spec.policy_name, []).append(binding)
        found: list[Policy[Evaluator]] = []
        evaluators: dict[str, tuple[Any, Evaluator]] = {}
        for policy in sorted(policies, key=lambda each: str(each.metadata.name)):
            name = policy.metadata.name
            known = self._evaluators.get(name)
            evaluators[name] = known if known and known[0] is policy else (policy, self._compile(policy.spec))
            if name in by_policy:
                found.append(Policy(policy, evaluators[name][1], tuple(by_policy[name])))
        self._evaluators = evaluators
        return tuple(found)
