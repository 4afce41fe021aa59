from datetime import UTC, datetime

import msgspec

from podo.network.base import PortMapping
from podo.node.runtime.config import (
    ContainerConfig,
    DNSConfig,
    LinuxResources,
    Mount,
    NamespaceMode,
    NamespaceOptions,
    SandboxConfig,
    SecurityContext,
)
from podo.node.runtime.containers import merge_resources
from podo.node.runtime.records import ContainerRecord, SandboxRecord, read_records, write_record
from podo.node.runtime.sandboxes import own_namespaces, resolv_conf
from podo.node.runtime.stats import parse_network

AT = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)
SANDBOX = SandboxConfig(
    name="a",
    namespace="b",
    uid="c",
    dns=DNSConfig(("10.0.0.1",)),
    port_mappings=(PortMapping(container_port=80, host_port=8080),),
)
CONTAINER = ContainerConfig(
    name="a",
    image="sha256:1",
    env=(("A", "b"),),
    mounts=(Mount(container_path="/a", host_path="/b"),),
    security=SecurityContext(masked_paths=(), run_as_user=0),
)


def test_what_is_written_is_read_again(tmp_path):
    sandbox = SandboxRecord(id="s", config=SANDBOX, created_at=AT, boot="x", ready=True, ips=("10.1.1.1",))
    container = ContainerRecord(id="c", sandbox_id="s", config=CONTAINER, created_at=AT, boot="x", user=(1, 2, (3,)))
    for record in (sandbox, container):
        folder = tmp_path / type(record).__name__ / record.id
        folder.mkdir(parents=True)
        write_record(folder, record)
        assert read_records(folder.parent, type(record)) == ([record], [])


def test_the_oldest_comes_first_and_leftovers_are_named(tmp_path):
    for number, name in enumerate(("z", "y", "x")):
        (tmp_path / name).mkdir()
        record = SandboxRecord(id=name, config=SANDBOX, created_at=AT.replace(second=number), boot="")
        write_record(tmp_path / name, record)
    (tmp_path / "half").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/record.json").write_text("{")
    found, broken = read_records(tmp_path, SandboxRecord)
    assert [record.id for record in found] == ["z", "y", "x"]
    assert {folder.name for folder in broken} == {"half", "damaged"}


def test_without_a_folder_there_are_no_records(tmp_path):
    assert read_records(tmp_path / "no", SandboxRecord) == ([], [])


def test_a_record_of_a_newer_version_may_have_more():
    record = SandboxRecord(id="s", config=SANDBOX, created_at=AT, boot="x")
    document = msgspec.json.decode(msgspec.json.encode(record)) | {"new": 1}
    assert msgspec.json.decode(msgspec.json.encode(document), type=SandboxRecord) == record


def test_resolv_conf_has_only_what_is_wanted():
    assert resolv_conf(DNSConfig()) == ""
    assert resolv_conf(DNSConfig(("1.1.1.1", "::1"), ("a", "b"), ("ndots:5", "rotate"))) == (
        "search a b\nnameserver 1.1.1.1\nnameserver ::1\noptions ndots:5 rotate\n"
    )


def test_a_sandbox_keeps_the_namespaces_that_are_its_own():
    assert own_namespaces(SANDBOX) == ("network", "ipc", "uts")
    node = NamespaceOptions(NamespaceMode.NODE, NamespaceMode.NODE, NamespaceMode.NODE)
    shared = SandboxConfig(name="a", namespace="b", uid="c", namespaces=node)
    assert own_namespaces(shared) == ()
    named = SandboxConfig(name="a", namespace="b", uid="c", namespaces=node, hostname="h")
    assert own_namespaces(named) == ("uts",)


def test_new_figures_leave_the_others():
    old = LinuxResources(cpu_shares=5, memory_limit=7)
    assert merge_resources(old, LinuxResources(memory_limit=8)) == LinuxResources(cpu_shares=5, memory_limit=8)


def test_network_figures_are_those_of_the_first_real_interface():
    heads = "Inter-| Receive | Transmit\n face |bytes packets errs drop ...\n"
    text = heads + "    lo:  99 1 9 0 0 0 0 0  99 1 9 0 0 0 0 0\n  eth0: 1234 10 1 0 0 0 0 0 5678 20 2 0 0 0 0 0\n"
    stats = parse_network(text, AT)
    assert (stats.interface, stats.rx_bytes, stats.rx_errors, stats.tx_bytes, stats.tx_errors) == (
        "eth0",
        1234,
        1,
        5678,
        2,
    )
    assert parse_network("", AT) is None
