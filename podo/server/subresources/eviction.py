"""A Pod is asked to go: a deletion that heeds PodDisruptionBudgets (the Eviction API)."""

from dataclasses import replace

import msgspec

from podo.api.errors import APIError, BadRequest, Conflict, Forbidden, TooManyRequests
from podo.api.selectors import from_object
from podo.api.timestamps import format_time
from podo.api.types.meta_v1 import LabelSelector
from podo.server.admission_point import AdmitAll
from podo.server.context import Context
from podo.server.operations import Target
from podo.server.registry.deleting import DeleteOptions, check_preconditions, options_of
from podo.server.registry.failures import unclassified
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.subresources.below import SUCCESS, NoVerbs
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection

VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
TWO_BUDGETS = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
MAX_DISRUPTED = 2000
ENDED = frozenset({"Succeeded", "Failed"})
ATTEMPTS = 20  # at a Pod that changes under our hands, as Kubernetes counts them


class Evictions(NoVerbs):
    """POST of an Eviction to pods/eviction."""

    def __init__(self, registry: Registry, budgets: Served) -> None:
        self._registry, self._budgets = registry, budgets

    async def create(self, ctx: Context, target: Target, obj: Object) -> Object:
        """Delete the Pod, if its budget allows. Raises TooManyRequests if it does not."""
        if (obj.get("metadata") or {}).get("name", "") != target.name:
            raise BadRequest("name in URL does not match name in Eviction object")
        options, dry_run = options_of(obj.get("deleteOptions") or {})
        ctx.dry_run = ctx.dry_run or dry_run
        entry = await self._delete_without_budget(ctx, target, options)
        if entry is None:
            return dict(SUCCESS)
        pod = entry.object()
        budget = self._budget(ctx.namespace, entry)
        if budget is not None:
            if not _is_ready(pod) and _unready_may_go(budget.object()):
                pinned = _pinned(options, entry)
                await self._delete_unready(ctx, target, pinned, budget.name, own=options.resource_version is None)
                return dict(SUCCESS)
            await self._spend(ctx, budget, target.name)
        await self._delete(ctx, target, options)
        return dict(SUCCESS)

    async def _delete_without_budget(self, ctx: Context, target: Target, options: DeleteOptions) -> Entry | None:
        """Delete a Pod that no budget counts, just as it was seen; again if it changed meanwhile. The Pod if one does.

        Where the client names a resourceVersion, that one decides and a conflict is the answer.
        """
        for attempt in range(1, ATTEMPTS + 1):
            entry = await self._registry.get(target.served, ctx.namespace, target.name)
            pod = entry.object()
            if not _needs_no_budget(pod):
                return entry
            try:
                await self._delete(ctx, target, options if _is_over(pod) else _pinned(options, entry))
            except Conflict:
                if options.resource_version is not None or attempt == ATTEMPTS:
                    raise
            else:
                return None
        raise AssertionError("the last attempt returns or raises")

    def _budget(self, namespace: str, pod: Entry) -> Entry | None:
        """The budget that covers the Pod. Raises an unclassified APIError where there are several."""
        known = self._registry.cache.resource(self._budgets.stored.prefix)
        found = [entry for entry in known.select(Selection(namespace)) if _covers(entry, pod)]
        if len(found) > 1:
            raise unclassified(TWO_BUDGETS)
        return found[0] if found else None

    async def _spend(self, ctx: Context, budget: Entry, pod: str) -> None:
        """Take one disruption off the budget."""
        own = Context(
            ctx.user, ctx.now, group="policy", version="v1", subresource="status", namespace=ctx.namespace,
            dry_run=ctx.dry_run, manager=ctx.manager,
        )  # fmt: skip

        async def change(current: Object, revision: int) -> Object:
            spend(current, pod, format_time(ctx.now))
            return current

        await self._registry.update(own, self._budgets, budget.name, change)

    async def _delete_unready(
        self, ctx: Context, target: Target, options: DeleteOptions, budget: str, *, own: bool
    ) -> None:
        try:
            await self._delete(ctx, target, options)
        except Conflict as error:
            if own:  # it may have become ready meanwhile
                raise still_processing(budget) from error
            raise

    async def _delete(self, ctx: Context, target: Target, options: DeleteOptions) -> None:
        """Say on the Pod why it goes, then delete it."""
        if not ctx.dry_run:
            options = await self._mark(ctx, target, options)
        own = replace(ctx, subresource="", warnings=ctx.warnings)
        await self._registry.delete(own, target.served, target.name, options, admission=AdmitAll())

    async def _mark(self, ctx: Context, target: Target, options: DeleteOptions) -> DeleteOptions:
        async def change(pod: Object, revision: int) -> Object:
            check_preconditions(pod, revision, options, target.served)
            mark(pod, format_time(ctx.now))
            return pod

        own = replace(ctx, subresource="status", warnings=ctx.warnings)
        entry, _ = await self._registry.update(own, target.served, target.name, change, admission=AdmitAll())
        return options if options.resource_version is None else replace(options, resource_version=str(entry.revision))


def _pinned(options: DeleteOptions, entry: Entry) -> DeleteOptions:
    if options.resource_version is not None:
        return options
    return replace(options, resource_version=str(entry.revision))


def mark(pod: Object, now: str) -> None:
    """Set the condition DisruptionTarget."""
    status = pod.setdefault("status", {})
    known = {c.get("type"): c for c in status.get("conditions") or ()}
    wanted = {"type": "DisruptionTarget", "status": "True", "lastProbeTime": None}
    wanted |= {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
    before = known.get("DisruptionTarget")
    same = before is not None and before.get("status") == "True"
    wanted["lastTransitionTime"] = before["lastTransitionTime"] if before is not None and same else now
    known["DisruptionTarget"] = wanted
    status["conditions"] = list(known.values())


def _is_over(pod: Object) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in ENDED or bool(pod["metadata"].get("deletionTimestamp"))


def _needs_no_budget(pod: Object) -> bool:
    return _is_over(pod) or (pod.get("status") or {}).get("phase") == "Pending"


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _unready_may_go(budget: Object) -> bool:
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy", 0)
    return bool(status.get("currentHealthy", 0) >= desired > 0)


def _covers(budget: Entry, pod: Entry) -> bool:
    given = (budget.object().get("spec") or {}).get("selector")
    return given is not None and from_object(msgspec.convert(given, LabelSelector)).matches(pod.labels)


def spend(budget: Object, pod: str, now: str) -> None:
    """One Pod less may go now. Raises TooManyRequests if none may, Forbidden where the budget makes no sense."""
    meta, status = budget["metadata"], budget.setdefault("status", {})
    name, allowed = meta["name"], status.get("disruptionsAllowed", 0)
    if status.get("observedGeneration", 0) < meta.get("generation", 0):
        raise still_processing(name)
    if allowed < 0:
        raise _forbidden(name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or ()) > MAX_DISRUPTED:
        raise _forbidden(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if allowed == 0:
        raise _too_many(_why_none(name, status), 0)
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod: now}
    if allowed == 1:
        _say_none_allowed(meta, status, now)


def _why_none(name: str, status: Object) -> str:
    budget = f"The disruption budget {name}"
    condition: Object = next((c for c in status.get("conditions") or () if c.get("type") == "DisruptionAllowed"), {})
    reason, message = condition.get("reason", ""), condition.get("message", "")
    says = condition.get("status") == "False" and bool(message)
    if says and reason == "SyncFailed":
        return f"{budget} does not allow evicting pods currently because it failed sync: {message}"
    current, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if current <= desired:
        return f"{budget} needs {desired} healthy pods and has {current} currently"
    if says:
        return f"{budget} does not allow evicting pods currently ({reason}): {message}"
    return f"{budget} does not allow evicting pods currently"


def _say_none_allowed(meta: Object, status: Object, now: str) -> None:
    others = [c for c in status.get("conditions") or () if c.get("type") != "DisruptionAllowed"]
    condition = {"type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": ""}
    condition |= {"lastTransitionTime": now, "observedGeneration": status.get("observedGeneration", 0)}
    status["conditions"] = [*others, condition]


def still_processing(name: str) -> TooManyRequests:
    """The 429 of a budget that has not been worked out yet."""
    return _too_many(f"The disruption budget {name} is still being processed by the server.", 10)


def _too_many(message: str, after: int) -> TooManyRequests:
    causes = [{"reason": "DisruptionBudget", "message": message}]
    return TooManyRequests(VIOLATES, causes=causes, **({"retryAfterSeconds": after} if after else {}))


def _forbidden(name: str, why: str) -> APIError:
    details = {"name": name, "group": "policy", "kind": "poddisruptionbudget"}
    return Forbidden(f'poddisruptionbudget.policy "{name}" is forbidden: {why}', **details)
