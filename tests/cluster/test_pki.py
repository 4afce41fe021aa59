import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from podo.cluster import pki
from podo.cluster.config import ClusterConfig, new_node

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def cluster() -> ClusterConfig:
    empty = ClusterConfig(
        name="dev",
        node_networks=("10.245.0.0/24",),
        pod_networks=("10.244.0.0/16",),
        service_networks=("10.96.0.0/16",),
        api_port=6443,
    )
    return empty.with_node(new_node(empty))


def certificate(path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_certificate_is_signed_by_its_authority(tmp_path, cluster):
    pki.ensure(tmp_path, cluster, NOW)
    for identity in pki.identities(cluster):
        leaf = certificate(tmp_path / f"{identity.file}.crt")
        leaf.verify_directly_issued_by(certificate(tmp_path / f"{identity.authority}.crt"))
        assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == identity.name


def test_openssl_accepts_the_chain(tmp_path, cluster):
    pki.ensure(tmp_path, cluster, datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    context.load_verify_locations(tmp_path / "ca.crt")


def test_keys_are_for_root_alone(tmp_path, cluster):
    pki.ensure(tmp_path, cluster, NOW)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.key")} == {0o600}


def test_a_second_call_changes_nothing(tmp_path, cluster):
    pki.ensure(tmp_path, cluster, NOW)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.*")}
    pki.ensure(tmp_path, cluster, NOW + timedelta(days=100))
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.*")} == before


def test_what_expires_soon_is_renewed_by_the_same_authority(tmp_path, cluster):
    pki.ensure(tmp_path, cluster, NOW)
    authority, leaf = (tmp_path / "ca.crt").read_bytes(), (tmp_path / "admin.crt").read_bytes()
    pki.ensure(tmp_path, cluster, NOW + pki.LEAF_LIFE - timedelta(days=1))
    assert (tmp_path / "ca.crt").read_bytes() == authority
    assert (tmp_path / "admin.crt").read_bytes() != leaf


def test_a_new_node_gets_a_certificate_with_its_address(tmp_path, cluster):
    pki.ensure(tmp_path, cluster, NOW)
    node = new_node(cluster)
    pki.ensure(tmp_path, cluster.with_node(node), NOW)
    leaf = certificate(tmp_path / "nodes" / f"{node.name}.crt")
    hosts = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert hosts.get_values_for_type(x509.DNSName) == [node.name]
    assert [str(a) for a in hosts.get_values_for_type(x509.IPAddress)] == [node.addresses[0]]
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"


def test_keys_name_their_algorithm_as_java_clients_expect(tmp_path, cluster):
    pki.ensure(tmp_path, cluster, NOW)
    heads = {path.read_text().splitlines()[0] for path in tmp_path.rglob("*.key")}
    assert heads == {"-----BEGIN EC PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"}
