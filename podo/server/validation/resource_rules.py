"""The table of resource.k8s.io."""

from podo.server.validation.resource import claim_status, claims, slices
from podo.server.validation.rules import Rules

V1 = "resource.k8s.io/v1"
TABLE: dict[tuple[str, str], Rules] = {
    (V1, "ResourceClaim"): Rules(claims.create_claim, claims.update_claim, {"status": claim_status.status_update}),
    (V1, "ResourceClaimTemplate"): Rules(claims.create_template, claims.update_template),
    (V1, "DeviceClass"): Rules(claims.create_class, claims.update_class),
    (V1, "ResourceSlice"): Rules(slices.create, slices.update),
}
