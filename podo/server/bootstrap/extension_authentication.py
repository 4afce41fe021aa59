"""How servers behind this one know who asks: the ConfigMap kube-system/extension-apiserver-authentication."""

import json
from pathlib import Path

from podo.server.bootstrap.objects import context_of, ensure, served_of
from podo.server.core import Core
from podo.server.strategy import Object

NAMESPACE, NAME = "kube-system", "extension-apiserver-authentication"
FRONT_PROXY = "front-proxy-client"
"""The name in the certificate of the front proxy."""


def authentication_data(client_authority: str, proxy_authority: str) -> dict[str, str]:
    """What the ConfigMap says: PEM certificates, and the names of headers as JSON lists. "": it is not said."""
    found = {"client-ca-file": client_authority} if client_authority else {}
    if not proxy_authority:
        return found
    lists = {
        "allowed-names": [FRONT_PROXY],
        "extra-headers-prefix": ["X-Remote-Extra-"],
        "group-headers": ["X-Remote-Group"],
        "uid-headers": ["X-Remote-Uid"],
        "username-headers": ["X-Remote-User"],
    }
    found["requestheader-client-ca-file"] = proxy_authority
    return found | {f"requestheader-{name}": json.dumps(values) for name, values in lists.items()}


async def publish_authentication(core: Core, client_authority: Path | None, proxy_authority: Path | None) -> None:
    """Make the ConfigMap, or bring it up to date: authorities are renewed."""
    data = authentication_data(*(path.read_text() if path else "" for path in (client_authority, proxy_authority)))
    metadata = {"name": NAME, "namespace": NAMESPACE}
    made: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    await ensure(core, made)
    served = served_of(core, made)

    async def change(current: Object, revision: int) -> Object:
        return current | {"data": data}

    await core.registry.update(context_of(core, served, NAMESPACE), served, NAME, change)
