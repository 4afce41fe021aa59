"""An operator in kopf on a custom resource: it says in the status that a Lamp is lit, and makes a ConfigMap for it."""

import kopf
from kubernetes_asyncio import client, config

from tests.e2e.manifests import config_map

LAMPS = ("charts.example.com", "v1", "lamps")


@kopf.on.startup()
async def connect(memo: kopf.Memo, **_: object) -> None:
    await config.load_kube_config()
    memo.api = client.ApiClient()


@kopf.on.cleanup()
async def leave(memo: kopf.Memo, **_: object) -> None:
    await memo.api.close()


@kopf.on.create(*LAMPS)
@kopf.on.resume(*LAMPS)
async def light(name, namespace, spec, memo, patch, **_):
    made = config_map(f"lamp-{name}", watts=str(spec["watts"]))
    kopf.adopt(made)
    api = client.CoreV1Api(memo.api)
    await api.create_namespaced_config_map(namespace, made)
    patch.status["lit"] = spec["color"]


@kopf.on.update(*LAMPS, field="spec.color")
async def change(new, patch, **_):
    patch.status["lit"] = new
