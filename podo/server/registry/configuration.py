"""ConfigMaps, Secrets, ServiceAccounts, LimitRanges, ResourceQuotas, Endpoints and Events."""

from collections.abc import Sequence

from podo.api.field_errors import FieldError
from podo.server import validation
from podo.server.context import Context
from podo.server.registry.key_pairs import key_pair_problem
from podo.server.strategy import Object, Strategy
from podo.server.validation.fields import amount
from podo.server.validation.ip import ip_warnings

MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"


class SecretStrategy(Strategy):
    """The type of a Secret stays where an update leaves it out."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        if not obj.get("type"):
            obj["type"] = old.get("type", "")

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        if obj.get("type") != "kubernetes.io/tls":
            return ()
        data = obj.get("data", {})
        problem = key_pair_problem(data.get("tls.crt", ""), data.get("tls.key", ""))
        return [problem] if problem else ()


class ServiceAccountStrategy(Strategy):
    """Of secrets only the names are kept."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        if "secrets" in obj:
            obj["secrets"] = [{"name": s["name"]} if s.get("name") else {} for s in obj["secrets"]]

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        self.prepare_create(obj, ctx)

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        if MOUNTABLE in (old or {}).get("metadata", {}).get("annotations", {}):
            return ()
        if MOUNTABLE not in obj["metadata"].get("annotations", {}):
            return ()
        advice = "prefer separate namespaces to isolate access to mounted secrets"
        return [f"metadata.annotations[{MOUNTABLE}]: deprecated in v1.32+; {advice}"]


class LimitRangeStrategy(Strategy):
    """A LimitRange without a name is named by its uid."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        meta = obj["metadata"]
        if not meta.get("name") and not meta.get("generateName"):
            meta["name"] = meta["uid"]


class ResourceQuotaStrategy(Strategy):
    """Requests above limits are let pass, with a warning."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        if old is not None:
            return ()
        found, hard = [], obj["spec"].get("hard", {})
        for name in ("cpu", "memory", "storage", "ephemeral-storage"):
            request, limit = f"requests.{name}", f"limits.{name}"
            if request not in hard and name in ("cpu", "memory") and name in hard:
                request = name
            if request in hard and limit in hard and amount(hard[request]) > amount(hard[limit]):
                found.append(f"ResourceQuota {request} ({hard[request]}) should be less than {limit} ({hard[limit]})")
        return found


class EndpointsStrategy(Strategy):
    """The kind that EndpointSlices replace."""

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        if obj["metadata"].get("labels", {}).get("endpoints.kubernetes.io/managed-by") == "endpoint-controller":
            return ()
        return [
            text
            for index, subset in enumerate(obj.get("subsets", ()))
            for key in ("addresses", "notReadyAddresses")
            for position, address in enumerate(subset.get(key, ()))
            for text in ip_warnings(f"subsets[{index}].{key}[{position}].ip", address["ip"])
        ]


class EventStrategy(Strategy):
    """Events of both groups, stored in the older form; the newer group checks them more strictly."""

    def validate(self, obj: Object, ctx: Context) -> Sequence[FieldError]:
        return validation.validate_create(_asked(ctx), "Event", obj)

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> Sequence[FieldError]:
        return validation.validate_update(_asked(ctx), "Event", obj, old)


def _asked(ctx: Context) -> str:
    return "events.k8s.io/v1" if ctx.group == "events.k8s.io" else "v1"


class PriorityClassStrategy(Strategy):
    """Its generation is 1 whatever changes."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        obj["metadata"]["generation"] = 1
