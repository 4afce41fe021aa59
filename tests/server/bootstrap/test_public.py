"""What everyone may read."""

import msgspec

from podo.server.bootstrap.nodes import BOOTSTRAPPERS, bindings, grant_nodes
from podo.server.bootstrap.objects import bootstrap
from podo.server.bootstrap.public import publish_address, publish_issuer

from .test_objects import objects

RBAC = "rbac.authorization.k8s.io/v1"


async def test_who_is_to_become_a_node_reads_where_the_api_is(core):
    await bootstrap(core, service_cidr="10.0.0.0/24", port=6443)
    await publish_address(core, "https://10.0.0.9:6443", b"PEM")
    await publish_address(core, "https://10.0.0.9:6443", b"PEM")  # as every start does
    info = (await objects(core, "v1", "ConfigMap"))["cluster-info"]
    [cluster] = msgspec.json.decode(info["data"]["kubeconfig"])["clusters"]
    assert cluster["cluster"] == {"server": "https://10.0.0.9:6443", "certificate-authority-data": "UEVN"}
    role = (await objects(core, RBAC, "Role"))["podo:cluster-info"]
    assert role["rules"] == [
        {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["cluster-info"]}
    ]


async def test_everyone_reads_who_issues_tokens_and_nothing_else_by_that_role(core):
    await bootstrap(core, service_cidr="10.0.0.0/24", port=6443)
    await publish_issuer(core)
    role = (await objects(core, RBAC, "ClusterRole"))["podo:issuer-viewer"]
    assert role["rules"] == [{"verbs": ["get"], "nonResourceURLs": ["/.well-known", "/.well-known/*"]}]


async def test_new_nodes_may_ask_for_certificates_and_nodes_for_their_own_again(core):
    await bootstrap(core, service_cidr="10.0.0.0/24", port=6443)
    await grant_nodes(core)
    held = await objects(core, RBAC, "ClusterRoleBinding")
    roles = await objects(core, RBAC, "ClusterRole")
    for binding in bindings():
        assert held[binding["metadata"]["name"]]["roleRef"]["name"] in roles
    given = {b["roleRef"]["name"].rpartition(":")[2] for b in bindings() if b["subjects"][0]["name"] == BOOTSTRAPPERS}
    assert given == {"node-bootstrapper", "nodeclient"}
