"""podo backup in a real cluster: a database with its data, restored beside itself and in another cluster."""

import json
import os
from pathlib import Path

import pytest

from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.test_storage import claim, user, write

pytestmark = pytest.mark.e2e


def database(replicas: int = 2) -> dict:
    spec = user("db")["spec"]
    del spec["volumes"]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": spec},
            "volumeClaimTemplates": [claim("data")],
        },
    }


def service() -> dict:
    spec = {"clusterIP": "None", "selector": {"app": "db"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}, "spec": spec}


@pytest.fixture
def sealed(tmp_path):
    file = tmp_path / "passphrase"
    file.write_text("a horse, a battery\n")
    return "--passphrase-file", str(file)


@pytest.fixture
def taken(podo, kubectl, tmp_path, sealed):
    """A backup of a database that runs."""
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"k": "v"}}
    kubectl.apply(settings, service(), database())
    kubectl.rolled_out("statefulset/db")
    for number in range(2):
        write(kubectl, f"db-{number}", f"row-{number}")
    folder = str(tmp_path / "backups")
    file = podo("backup", "create", "--to", folder, "--namespace", kubectl.namespace, *sealed).strip()
    write(kubectl, "db-0", "later")
    assert b"row-0" not in Path(file).read_bytes()
    return file


def restored(kubectl) -> None:
    kubectl.wait("create", "statefulset/db")
    kubectl.rolled_out("statefulset/db")
    for number in range(2):
        assert kubectl("exec", f"db-{number}", "--", "cat", "/data/x") == f"row-{number}\n"
    assert kubectl.get("configmap", "settings")["data"] == {"k": "v"}


def test_a_database_is_restored_with_its_data_after_its_namespace_was_lost(podo, kubectl, taken, sealed):
    kubectl("delete", "namespace", kubectl.namespace)
    podo("backup", "restore", taken, *sealed)
    restored(kubectl)
    volume = kubectl.get("pvc", "data-db-0")["spec"]["volumeName"]
    kubectl("delete", "statefulset", "db")
    kubectl("delete", "pvc", "--all")
    kubectl.wait("delete", f"pv/{volume}")
    assert not (podo.state / "volumes" / volume).exists()


def test_a_database_is_restored_beside_itself_and_once_only(podo, kubectl, taken, sealed):
    beside = kubectl.within(f"{kubectl.namespace}-b")
    podo("backup", "restore", taken, "--into", beside.namespace, *sealed)
    restored(beside)
    assert kubectl("exec", "db-0", "--", "cat", "/data/x") == "later\n"
    write(beside, "db-0", "newer")
    podo("backup", "restore", taken, "--into", beside.namespace, *sealed)
    assert beside("exec", "db-0", "--", "cat", "/data/x") == "newer\n"
    beside("delete", "namespace", beside.namespace, "--wait=false")


def test_a_database_is_restored_in_another_cluster(podo, kubectl, taken, sealed, hello):
    other = Podo(f"e2e-other-{os.getpid()}", podo.home)
    with cluster(other, "--nodes", "1"):
        other("build", "-t", "hello:v1", str(hello))
        other("backup", "restore", taken, *sealed)
        restored(Kubectl(other.state / "kubeconfig", podo.home, kubectl.namespace))


def test_backups_are_listed_and_pruned(podo, kubectl, taken, sealed):
    folder = os.path.dirname(taken)
    (row,) = json.loads(podo("backup", "ls", "--to", folder, *sealed, "-o", "json"))
    assert (row["cluster"], row["namespaces"], row["volumes"]) == (podo.name, [kubectl.namespace], 2)
    wrong = ("--passphrase-file", "/etc/hostname")
    assert "passphrase is not this backup's" in podo.refusal("backup", "ls", "--to", folder, *wrong)
    assert "there is no namespace 'none'" in podo.refusal(
        "backup", "create", "--to", folder, "--namespace", "none", *sealed
    )
