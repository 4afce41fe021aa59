"""Priority: a Pod's class gives its priority, and whether it drives others away."""

from podo.api.types.scheduling_v1 import PriorityClass
from podo.server.admission.base import PODS, group_resource, refuse, written
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

CLASSES = ("scheduling.k8s.io", "priorityclasses")
PREEMPTS = "PreemptLowerPriority"
NO_CLASS = PriorityClass(value=0, preemption_policy=PREEMPTS)
COMPUTED = "must not be provided in pod spec; priority admission controller computed"


class Priority:
    """Works out priorities of new Pods; allows one default class."""

    resources = frozenset({PODS, CLASSES})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def mutate(self, attributes: Attributes) -> None:
        """Raises Forbidden for an unknown class, or a priority that is not its."""
        pod = written(attributes)
        if pod is None or group_resource(attributes) != PODS:
            return
        if attributes.operation is Operation.UPDATE:
            _keep(pod, attributes.old or {})
        else:
            await self._compute(attributes, pod["spec"])

    async def _compute(self, attributes: Attributes, spec: Object) -> None:
        found = await self._class(attributes, spec.get("priorityClassName", ""))
        if found.metadata.name:
            spec["priorityClassName"] = found.metadata.name
        value = found.value or 0
        if spec.get("priority") not in (None, value):
            why = f"the integer value of priority ({spec['priority']}) {COMPUTED} {value}"
            refuse(attributes, f"{why} from the given PriorityClass name")
        spec["priority"] = value
        policy = found.preemption_policy
        if not policy:
            return
        if spec.get("preemptionPolicy") not in (None, policy):
            why = f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) {COMPUTED} {policy}"
            refuse(attributes, f"{why} from the given PriorityClass name")
        spec["preemptionPolicy"] = policy

    async def _class(self, attributes: Attributes, name: str) -> PriorityClass:
        if not name:
            return await self._default() or NO_CLASS
        found = await self._lookup.find(PriorityClass, name)
        if found is None:
            refuse(attributes, f"no PriorityClass with name {name} was found")
        return found

    async def _default(self) -> PriorityClass | None:
        """The default class; of several (made at once) the lowest."""
        classes = [found for found in await self._lookup.all(PriorityClass) if found.global_default]
        return min(classes, key=lambda found: found.value or 0, default=None)

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden for a second default class."""
        obj = written(attributes)
        if obj is None or group_resource(attributes) != CLASSES or not obj.get("globalDefault"):
            return
        default = await self._default()
        if default is None:
            return
        if attributes.operation is Operation.CREATE or default.metadata.name != obj["metadata"]["name"]:
            why = f"PriorityClass {default.metadata.name} is already marked as default. Only one default can exist"
            refuse(attributes, why)


def _keep(pod: Object, old: Object) -> None:
    """What an update leaves out stays as it is."""
    for field in ("priority", "preemptionPolicy"):
        if pod["spec"].get(field) is None and (old.get("spec") or {}).get(field) is not None:
            pod["spec"][field] = old["spec"][field]
