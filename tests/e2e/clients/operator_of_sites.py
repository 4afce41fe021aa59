"""An operator in kopf: a ConfigMap labelled site=yes becomes a Deployment and a Service; run by `kopf run`."""

import kopf
from kubernetes_asyncio import client, config

from tests.e2e.manifests import deployment, service

SITES = {"labels": {"site": "yes"}}


@kopf.on.startup()
async def connect(memo: kopf.Memo, **_: object) -> None:
    await config.load_kube_config()
    memo.api = client.ApiClient()


@kopf.on.cleanup()
async def leave(memo: kopf.Memo, **_: object) -> None:
    await memo.api.close()


@kopf.on.create("v1", "configmaps", **SITES)
async def make(name, namespace, body, memo, **_):
    made = deployment(name, image=f"hello:{body['data']['version']}"), service(name)
    for one in made:
        kopf.adopt(one)
    await client.AppsV1Api(memo.api).create_namespaced_deployment(namespace, made[0])
    await client.CoreV1Api(memo.api).create_namespaced_service(namespace, made[1])
    kopf.info(body, reason="SiteMade", message=f"{name} is on its way")
    return {"version": body["data"]["version"]}


@kopf.on.field("v1", "configmaps", field="data.version", old=kopf.PRESENT, **SITES)
async def update(name, namespace, new, memo, **_):
    containers = {"containers": [{"name": "main", "image": f"hello:{new}"}]}
    patch = {"spec": {"template": {"spec": containers}}}
    await client.AppsV1Api(memo.api).patch_namespaced_deployment(name, namespace, patch)


@kopf.on.delete("v1", "configmaps", **SITES)
async def remember(name, namespace, memo, **_):
    note = {"metadata": {"name": f"{name}-was-here"}}
    await client.CoreV1Api(memo.api).create_namespaced_config_map(namespace, note)


@kopf.on.event("", "v1", "pods", labels={"app": kopf.PRESENT})
async def count(memo, logger, name, status, **_):
    logger.info(f"pod {name} is {status.get('phase')}")
