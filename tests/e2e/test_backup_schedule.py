"""Backups at set times and in object storage, and volumes that a killed backup has left frozen."""

import fcntl
import json
import os

import pytest

from podo.storage.local.freezing import FREEZE
from tests.e2e import processes
from tests.e2e.object_stores import azurite
from tests.e2e.test_storage import claim, user, write

pytestmark = pytest.mark.e2e


def files(rows: list) -> list[str]:
    return sorted(row["file"] for row in rows)


def test_a_schedule_fills_a_container_keeps_the_newest_and_one_is_restored(podo, kubectl, tmp_path):
    (tmp_path / "passphrase").write_text("a horse\n")
    sealed = ("--passphrase-file", str(tmp_path / "passphrase"))
    kubectl.apply(claim("c"), user("p"))
    kubectl.ready("pod/p")
    write(kubectl, "p", "kept")
    with azurite(tmp_path) as (connection, _):
        (tmp_path / "store").write_text(f"connectionString={connection}\n")
        store = ("--store-file", str(tmp_path / "store"), *sealed)
        place = ("--to", "blob:backups/shop", *store)
        podo("backup", "create", "--namespace", kubectl.namespace, *place)
        podo("backup", "schedule", "shop", "--at", "@every 5s", "--keep", "2", "--namespace", kubectl.namespace, *place)
        listed = lambda: files(json.loads(podo("backup", "ls", *place, "-o", "json")))  # noqa: E731
        (first,) = listed()
        processes.until("older ones go", lambda: len(found := listed()) == 2 and first not in found, 90)
        (row,) = json.loads(podo("backup", "schedules", "-o", "json"))
        assert (row["schedule"], row["outcome"]) == ("shop", "well")
        podo("backup", "unschedule", "shop")
        assert json.loads(podo("backup", "schedules", "-o", "json")) == []
        copy = kubectl.within(f"{kubectl.namespace}-b")
        podo("backup", "restore", f"blob:backups/shop/{listed()[-1]}", "--into", copy.namespace, *store)
        copy.ready("pod/p")
        assert copy("exec", "p", "--", "cat", "/data/x") == "kept\n"
        copy("delete", "namespace", copy.namespace)
    kubectl("delete", "pod", "p")


def test_a_volume_that_was_left_frozen_is_let_go(podo, kubectl):
    kubectl.apply(claim("c"), user("p"))
    kubectl.ready("pod/p")
    handle = kubectl.get("pv", kubectl.get("pvc", "c")["spec"]["volumeName"])["spec"]["csi"]["volumeHandle"]
    opened = os.open(podo.state / "volumes" / handle / "mounted", os.O_RDONLY | os.O_DIRECTORY)
    fcntl.ioctl(opened, FREEZE, 0)
    os.close(opened)
    write(kubectl, "p", "later")  # it waits
    assert kubectl("exec", "p", "--", "cat", "/data/x") == "later\n"
    kubectl("delete", "pod", "p")
