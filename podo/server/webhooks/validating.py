"""Admission by validating webhooks: all at once; they see the object as it will be stored."""

import asyncio
import logging

from podo.api.errors import APIError
from podo.api.types.admissionregistration_v1 import ValidatingWebhookConfiguration
from podo.server.admission.base import GroupResource, Validating
from podo.server.admission_point import Attributes
from podo.server.webhooks.calling import CallError
from podo.server.webhooks.dispatch import Dispatch, Shown
from podo.server.webhooks.hooks import Hook, Hooks
from podo.server.webhooks.matching import is_exempt
from podo.server.webhooks.reviews import failed_call

log = logging.getLogger(__name__)
FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/"


class ValidatingWebhooks(Validating):
    """A `Plugin`."""

    resources: frozenset[GroupResource] | None = None

    def __init__(self, hooks: Hooks[ValidatingWebhookConfiguration], dispatch: Dispatch) -> None:
        self._hooks, self._dispatch = hooks, dispatch

    async def validate(self, attributes: Attributes) -> None:
        """Raises the first refusal, in the order of the webhooks, and what keeps one from being asked that must be."""
        if not self._dispatch.is_on() or is_exempt(attributes):
            return
        hooks = await self._hooks.current()
        if not hooks:
            return
        seen = [(hook, await self._dispatch.concerned(hook, attributes)) for hook in hooks]
        concerned = [(hook, shown) for hook, shown in seen if shown is not None]
        if not concerned:
            return
        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(self._refusal(hook, index, attributes, shown))
                for index, (hook, shown) in enumerate(concerned)
            ]
        for task in asked:
            if (refused := task.result()) is not None:
                raise refused

    async def _refusal(self, hook: Hook, index: int, attributes: Attributes, shown: Shown) -> APIError | None:
        """Why the webhook lets the request not pass; None if it does."""
        try:
            await self._dispatch.ask(hook, attributes, shown, mutating=False)
        except CallError as error:
            if not hook.may_fail:
                return failed_call(hook.name, error)
            log.warning('failed calling webhook "%s", failing open: %s', hook.name, error)
            attributes.ctx.annotate(f"{FAILED_OPEN}round_0_index_{index}", hook.name)
        except APIError as error:
            return error
        return None
