"""The kinds of autoscaling.k8s.io/v1, and the definitions by which they are served."""

from collections.abc import Iterator
from typing import Any

from podo.api import resources
from podo.api.resources import Resource
from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.api.vertical import (
    AUTO,
    GROUP,
    IN_PLACE,
    INITIAL,
    OFF,
    OURS,
    PLURAL,
    RECREATE,
    VERSION,
    VerticalPodAutoscaler,
)
from podo.client.base import APPLY_PATCH, Client, Key, Kind, Patch, find, metadata_kind

APPROVED = "https://github.com/kubernetes/kubernetes/pull/63797"


def _resource(kind: str, plural: str) -> Resource:
    return resources.custom(GROUP, VERSION, kind, plural)


AUTOSCALERS = Kind(_resource("VerticalPodAutoscaler", PLURAL), VerticalPodAutoscaler)
CHECKPOINTS = metadata_kind(_resource("VerticalPodAutoscalerCheckpoint", f"{PLURAL[:-1]}checkpoints"))

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
AMOUNTS = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "x-kubernetes-int-or-string": True,
    },
}


def _object(required: str = "", /, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": fields}
    return found | ({"required": required.split()} if required else {})


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _one_of(*words: str) -> dict[str, Any]:
    return TEXT | {"enum": list(words)}


POLICY = _object(
    containerName=TEXT,
    mode=_one_of("Auto", "Off"),
    minAllowed=AMOUNTS,
    maxAllowed=AMOUNTS,
    controlledResources=_list(TEXT),
    controlledValues=_one_of("RequestsAndLimits", "RequestsOnly"),
)
RECOMMENDED = _object(
    "target", containerName=TEXT, target=AMOUNTS, lowerBound=AMOUNTS, upperBound=AMOUNTS, uncappedTarget=AMOUNTS
)
CONDITION = _object(
    "status type", type=TEXT, status=TEXT, reason=TEXT, message=TEXT, lastTransitionTime=TEXT | {"format": "date-time"}
)
SPEC = _object(
    "targetRef",
    targetRef=_object("kind name", apiVersion=TEXT, kind=TEXT, name=TEXT) | {"x-kubernetes-map-type": "atomic"},
    updatePolicy=_object(
        updateMode=_one_of(OFF, INITIAL, RECREATE, IN_PLACE, AUTO),
        minReplicas=NUMBER | {"format": "int32"},
        evictionRequirements=_list(ANYTHING),
    ),
    resourcePolicy=_object(containerPolicies=_list(POLICY)),
    recommenders=_list(_object("name", name=TEXT)),
)
STATUS = _object(conditions=_list(CONDITION), recommendation=_object(containerRecommendations=_list(RECOMMENDED)))
COLUMNS = (
    ("Mode", "string", ".spec.updatePolicy.updateMode"),
    ("CPU", "string", ".status.recommendation.containerRecommendations[0].target.cpu"),
    ("Mem", "string", ".status.recommendation.containerRecommendations[0].target.memory"),
    ("Provided", "string", ".status.conditions[?(@.type=='RecommendationProvided')].status"),
    ("Age", "date", ".metadata.creationTimestamp"),
)


def definitions() -> Iterator[dict[str, Any]]:
    """The CustomResourceDefinitions, as plain objects."""
    columns = [{"name": name, "type": kind, "jsonPath": path} for name, kind, path in COLUMNS]
    more = {"subresources": {"status": {}}, "additionalPrinterColumns": columns}
    yield _definition(AUTOSCALERS.resource, "vpa", _object("spec", spec=SPEC, status=STATUS), **more)
    yield _definition(CHECKPOINTS.resource, "vpacheckpoint", _object(spec=ANYTHING, status=ANYTHING))


def _definition(resource: Resource, short: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = {"apiVersion": TEXT, "kind": TEXT, "metadata": {"type": "object"}} | schema["properties"]
    version = {"name": VERSION, "served": True, "storage": True, **more}
    names: dict[str, Any] = {"kind": resource.kind, "listKind": f"{resource.kind}List", "plural": resource.plural}
    names |= {"singular": resource.singular, "shortNames": [short]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource.plural}.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": APPROVED, OURS: "true"},
        },
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Namespaced",
            "versions": [version | {"schema": {"openAPIV3Schema": schema | {"properties": fields}}}],
        },
    }


async def serve_autoscalers(client: Client) -> bool:
    """Have the API served; False if an add-on's definition is there already, whose objects are left to it."""
    for definition in definitions():
        place = Key("", definition["metadata"]["name"])
        known = await find(client, CustomResourceDefinition, place)
        if known is not None and OURS not in known.metadata.annotations:
            return False
        patch = Patch(media_type=APPLY_PATCH, body=definition, field_manager="podo", force=True)
        await client.patch(CustomResourceDefinition, place, patch)
    return True
