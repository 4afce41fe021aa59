"""The table of admissionregistration.k8s.io."""

from podo.server.validation.admission import policies, webhooks
from podo.server.validation.fields import Errors, Object
from podo.server.validation.rules import Create, Rules

V1 = "admissionregistration.k8s.io/v1"
WEBHOOKS = Rules(webhooks.create, webhooks.update)


def _the_same(create: Create) -> Rules:
    """A kind whose changes are looked at as new objects are."""

    def update(obj: Object, old: Object) -> Errors:
        return create(obj)

    return Rules(create, update)


TABLE: dict[tuple[str, str], Rules] = {
    (V1, "ValidatingWebhookConfiguration"): WEBHOOKS,
    (V1, "MutatingWebhookConfiguration"): WEBHOOKS,
    (V1, "ValidatingAdmissionPolicy"): Rules(
        policies.create_validating, policies.update_validating, {"status": policies.status_update}
    ),
    (V1, "MutatingAdmissionPolicy"): Rules(policies.create_mutating, policies.update_mutating),
    (V1, "ValidatingAdmissionPolicyBinding"): _the_same(policies.create_validating_binding),
    (V1, "MutatingAdmissionPolicyBinding"): _the_same(policies.create_mutating_binding),
}
