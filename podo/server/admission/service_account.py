"""ServiceAccount: every Pod runs as one, and gets its token."""

from collections.abc import Callable, Iterator

from podo.api.types.core_v1 import ServiceAccount as Account
from podo.server.admission.base import PODS, refuse
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

DEFAULT, MIRROR = "default", "kubernetes.io/config.mirror"
VOLUME, MOUNT_PATH = "kube-api-access-", "/var/run/secrets/kubernetes.io/serviceaccount"
ENFORCE = "kubernetes.io/enforce-mountable-secrets"
TOKEN_SECONDS = 3607
"""One hour and a mark: a token that is asked to live so long may be used for a year, with warnings (KEP-1205)."""
PATIENCE = 1.0
"""Seconds that a Pod waits for the account `default`, which a controller makes for each new namespace."""
KINDS = (("initContainers", "init container"), ("containers", "container"))


class ServiceAccounts:
    """Gives new Pods their account, its token and its pull secrets."""

    resources = frozenset({PODS})

    def __init__(self, lookup: Lookup, suffix: Callable[[], str]) -> None:
        """`suffix` ends the name of the volume."""
        self._lookup, self._suffix = lookup, suffix

    async def mutate(self, attributes: Attributes) -> None:
        """Raises Forbidden for an account that is not there."""
        pod = attributes.obj
        if pod is None or attributes.operation is not Operation.CREATE or attributes.subresource:
            return
        if _is_mirror(pod):
            check_mirror(pod, attributes)
        else:
            await self._provide(attributes, pod)

    async def _provide(self, attributes: Attributes, pod: Object) -> None:
        spec = pod["spec"]
        if not spec.get("serviceAccountName"):
            spec["serviceAccountName"] = DEFAULT
        spec["serviceAccount"] = spec["serviceAccountName"]
        account = await self._account(attributes, pod)
        if _automounts(account, pod):
            mount_token(spec, VOLUME + self._suffix())
        if not spec.get("imagePullSecrets") and account.image_pull_secrets:
            spec["imagePullSecrets"] = [{"name": secret.name} for secret in account.image_pull_secrets]

    async def validate(self, attributes: Attributes) -> None:
        """Raises Forbidden for Secrets that an account with the annotation of old does not name."""
        pod, ephemeral = attributes.obj, attributes.subresource == "ephemeralcontainers"
        if pod is None or (attributes.subresource and not ephemeral):
            return
        if attributes.operation is not (Operation.UPDATE if ephemeral else Operation.CREATE):
            return
        if _is_mirror(pod) and not ephemeral:
            check_mirror(pod, attributes)
            return
        if not pod["spec"].get("serviceAccountName"):
            where = f"{attributes.namespace}/{pod['metadata'].get('name', '')}"
            refuse(attributes, f"no service account specified for pod {where}")
        account = await self._account(attributes, pod)
        enforced = account.metadata.annotations.get(ENFORCE, "").lower() in ("1", "t", "true")
        if enforced and (why := unlisted_secret(pod, account, ephemeral=ephemeral)):
            refuse(attributes, why)

    async def _account(self, attributes: Attributes, pod: Object) -> Account:
        name, namespace = pod["spec"]["serviceAccountName"], attributes.namespace
        patience = PATIENCE if name == DEFAULT else 0
        found = await self._lookup.find(Account, name, namespace, patience=patience)
        if found is None:
            why = f'serviceaccount "{name}" not found'
            refuse(attributes, f"error looking up service account {namespace}/{name}: {why}")
        return found


def _is_mirror(pod: Object) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


def _automounts(account: Account, pod: Object) -> bool:
    for preference in (pod["spec"].get("automountServiceAccountToken"), account.automount_service_account_token):
        if preference is not None:
            return bool(preference)
    return True


def check_mirror(pod: Object, attributes: Attributes) -> None:
    """A Pod that a node shows of its own accord has no claim to anything of the API's. Raises Forbidden."""
    spec = pod["spec"]
    if spec.get("serviceAccountName"):
        refuse(attributes, "a mirror pod may not reference service accounts")
    volumes = spec.get("volumes") or []
    kinds = [*KINDS, ("ephemeralContainers", "ephemeral container")]
    mounts_secret = any(volume.get("secret") for volume in volumes)
    if mounts_secret or spec.get("imagePullSecrets") or any(_secrets_of_containers(spec, kinds)):
        refuse(attributes, "a mirror pod may not reference secrets")
    sources = [source for volume in volumes for source in (volume.get("projected") or {}).get("sources") or []]
    if any(source.get("secret") for source in sources):
        refuse(attributes, "a mirror pod may not reference secrets")
    if any(source.get("serviceAccountToken") for source in sources):
        refuse(attributes, "a mirror pod may not use ServiceAccountToken volume projections")


def mount_token(spec: Object, name: str) -> None:
    """Mount the account's token into each container that has nothing there; `name` is for the volume, if it is new."""
    volumes = spec.get("volumes") or []
    known = next((volume["name"] for volume in volumes if volume.get("name", "").startswith(VOLUME)), None)
    mount = {"name": known or name, "readOnly": True, "mountPath": MOUNT_PATH}
    needed = False
    for field, _ in KINDS:
        for container in spec.get(field) or []:
            mounts = container.get("volumeMounts") or []
            if all(other.get("mountPath") != MOUNT_PATH for other in mounts):
                container["volumeMounts"] = [*mounts, dict(mount)]
                needed = True
    if needed and known is None:
        spec["volumes"] = [*volumes, {"name": name, "projected": token_volume()}]


def token_volume() -> Object:
    """The projected volume: token, the API's certificate, the namespace."""
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
        ],
        "defaultMode": 420,
    }


def unlisted_secret(pod: Object, account: Account, *, ephemeral: bool) -> str:
    """Why the Pod may not have a Secret that the account does not list; "" if it lists all."""
    listed, spec = {secret.name for secret in account.secrets}, pod["spec"]
    behind = f"is not allowed because service account {account.metadata.name} does not reference that"
    for volume in () if ephemeral else spec.get("volumes") or ():
        name = (volume.get("secret") or {}).get("secretName")
        if name is not None and name not in listed:
            return f'volume with secret.secretName="{name}" {behind} secret'
    kinds = [("ephemeralContainers", "ephemeral container")] if ephemeral else list(KINDS)
    for what, name in _secrets_of_containers(spec, kinds):
        if name not in listed:
            return f'{what} referencing secret.secretName="{name}" {behind} secret'
    pulled = {secret.name for secret in account.image_pull_secrets}
    for at, reference in enumerate(() if ephemeral else spec.get("imagePullSecrets") or ()):
        if reference.get("name", "") not in pulled:
            return f'imagePullSecrets[{at}].name="{reference.get("name", "")}" {behind} imagePullSecret'
    return ""


def _secrets_of_containers(spec: Object, kinds: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """(who, which Secret) for each Secret in the environment of containers."""
    for field, kind in kinds:
        for container in spec.get(field) or ():
            who = f"{kind} {container.get('name', '')}"
            for variable in container.get("env") or ():
                if reference := (variable.get("valueFrom") or {}).get("secretKeyRef"):
                    yield f"{who} with envVar {variable.get('name', '')}", reference.get("name", "")
            for source in container.get("envFrom") or ():
                if reference := source.get("secretRef"):
                    yield f"{who} with envFrom", reference.get("name", "")
