"""The webhook plug-ins, put together."""

import uuid
from collections.abc import Callable

from podo.api.types.admissionregistration_v1 import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from podo.server.admission.figures import AdmissionFigures
from podo.server.admission.lookup import Lookup
from podo.server.registry.catalog import Catalog
from podo.server.webhooks.dispatch import Asking, Dispatch, Matching
from podo.server.webhooks.forms import Forms
from podo.server.webhooks.hooks import Hooks
from podo.server.webhooks.mutating import MutatingWebhooks
from podo.server.webhooks.validating import ValidatingWebhooks


def webhook_plugins(
    lookup: Lookup,
    catalog: Catalog,
    asking: Asking,
    is_on: Callable[[], bool],
    figures: AdmissionFigures,
    conditions: Matching | None = None,
) -> tuple[MutatingWebhooks, ValidatingWebhooks]:
    """Both plug-ins; they ask nobody until `is_on`. `conditions` evaluates match conditions (None: nobody does)."""
    dispatch = Dispatch(asking, lookup, Forms(catalog), lambda: str(uuid.uuid4()), conditions, is_on, figures)
    return (
        MutatingWebhooks(Hooks(lookup, MutatingWebhookConfiguration), dispatch),
        ValidatingWebhooks(Hooks(lookup, ValidatingWebhookConfiguration), dispatch),
    )
