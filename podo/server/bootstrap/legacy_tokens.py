"""Write down since when uses of tokens in Secrets are recorded (KEP-2799), for who deletes the unused ones."""

from podo.server.bootstrap.objects import ensure
from podo.server.core import Core

NAME = "kube-apiserver-legacy-service-account-token-tracking"


async def track_legacy_tokens(core: Core) -> None:
    """Create the ConfigMap with the date of the first start where it is missing."""
    metadata = {"name": NAME, "namespace": "kube-system"}
    since = core.clock.now().date().isoformat()
    await ensure(core, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"since": since}})
