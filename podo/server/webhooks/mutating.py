"""Admission by mutating webhooks: one after the other, each sees what those before it made of the object."""

import logging
from dataclasses import dataclass, field

import msgspec

from podo.api.errors import APIError
from podo.api.types.admissionregistration_v1 import MutatingWebhookConfiguration
from podo.server.admission.base import GroupResource, Mutating
from podo.server.admission_point import Attributes
from podo.server.patch.json import PatchError, json_patch
from podo.server.patch.values import copy
from podo.server.strategy import Object
from podo.server.webhooks.calling import CallError
from podo.server.webhooks.dispatch import Dispatch, Shown, internal
from podo.server.webhooks.hooks import Hook, Hooks
from podo.server.webhooks.matching import is_exempt
from podo.server.webhooks.reviews import Verdict, failed_call

log = logging.getLogger(__name__)
PREFIX = "mutation.webhook.admission.k8s.io/"
PATCHES = "patch.webhook.admission.k8s.io/"
FAILED_OPEN = f"failed-open.{PREFIX}"


@dataclass
class Rounds:
    """Which webhooks of a request are to be asked in its second round."""

    asked: set[str] = field(default_factory=set)
    """Those that want to be asked again, and have been since the object last changed."""
    again: set[str] = field(default_factory=set)
    output: Object | None = None
    """What the first round made of the object."""

    def changed(self) -> None:
        """Another has changed the object: all that were asked before want to see it."""
        self.again |= self.asked
        self.asked = set()


class MutatingWebhooks(Mutating):
    """A `Plugin`."""

    resources: frozenset[GroupResource] | None = None

    def __init__(self, hooks: Hooks[MutatingWebhookConfiguration], dispatch: Dispatch) -> None:
        self._hooks, self._dispatch = hooks, dispatch

    async def mutate(self, attributes: Attributes) -> None:
        """Raises the refusal of a webhook, and what keeps one from being asked that must be."""
        if not self._dispatch.is_on() or is_exempt(attributes):
            return
        hooks = await self._hooks.current()
        if not hooks:
            return
        rounds = attributes.memory.setdefault(PREFIX, Rounds())
        second = attributes.round > 0
        if second and rounds.output != attributes.obj:
            rounds.changed()
        for index, hook in enumerate(hooks):
            shown = await self._dispatch.concerned(hook, attributes)
            if shown is None or (second and hook.uid not in rounds.again):
                continue
            await self._one(hook, index, attributes, shown, rounds)
        rounds.output = copy(attributes.obj)

    async def _one(self, hook: Hook, index: int, attributes: Attributes, shown: Shown, rounds: Rounds) -> None:
        place = f"round_{attributes.round}_index_{index}"
        changed, failure = False, None
        try:
            verdict = await self._dispatch.ask(hook, attributes, shown, mutating=True)
            changed = await self._apply(hook, attributes, shown, verdict, place)
        except CallError as error:
            failure = error
        finally:
            _annotate(attributes, f"{PREFIX}{place}", hook, {"mutated": changed})
        if changed:
            rounds.changed()
            attributes.again = True
        if hook.is_reinvoked:
            rounds.asked.add(hook.uid)
        if failure is not None:
            if not hook.may_fail:
                raise failed_call(hook.name, failure)
            log.warning('failed calling webhook "%s", failing open: %s', hook.name, failure)
            attributes.ctx.annotate(f"{FAILED_OPEN}{place}", hook.name)

    async def _apply(self, hook: Hook, attributes: Attributes, shown: Shown, verdict: Verdict, place: str) -> bool:
        """Do what the webhook's patch says; whether that changed the object."""
        if not verdict.patch:
            return False
        if shown.obj is None:
            text = f'admission webhook "{hook.name}" attempted to modify the object, which is not supported for this '
            raise internal(f"{text}operation")
        forms, seen = self._dispatch.forms, shown.seen
        try:
            patched = json_patch(shown.obj, verdict.patch)
            settled = forms.settled(patched, seen.resource, seen.kind)
        except PatchError as error:
            raise internal(error) from error
        except APIError as error:
            raise internal(error) from error
        _annotate(attributes, f"{PATCHES}{place}", hook, {"patch": verdict.patch, "patchType": "JSONPatch"})
        changed = settled != shown.obj
        if changed:
            attributes.obj = await forms.returned(settled, seen.resource, attributes.resource)
        return changed


def _annotate(attributes: Attributes, key: str, hook: Hook, more: Object) -> None:
    said = {"configuration": hook.configuration, "webhook": hook.name} | more
    attributes.ctx.annotate(key, msgspec.json.encode(said).decode())
