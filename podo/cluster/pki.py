"""The cluster's certificates (EC P-256): one authority, and a certificate for each identity.

An identity is data (`identities`); `ensure` makes what is missing or about to expire and leaves the rest alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

from podo.cluster.config import ClusterConfig
from podo.cluster.paths import write_atomically

CA_LIFE, LEAF_LIFE, RENEW_BEFORE = timedelta(days=3650), timedelta(days=365), timedelta(days=60)
BACKDATE = timedelta(minutes=5)  # a clock that is a little behind must accept a fresh certificate


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate to issue: `file` is its path below pki/ without suffix, `hosts` are DNS names and addresses."""

    file: str
    name: str
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    authority: str = "ca"


@dataclass(frozen=True)
class Authority:
    """A certificate that signs others, with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def identities(cluster: ClusterConfig) -> list[Identity]:
    """Every identity of a local cluster."""
    service = "kubernetes.default"
    api_hosts: tuple[str, ...] = (
        "localhost",
        "127.0.0.1",
        *cluster.host_addresses,
        cluster.api_service_address,
        "kubernetes",
    )
    api_hosts += (service, f"{service}.svc", f"{service}.svc.{cluster.domain}")
    found = [
        Identity(file="server", name="kube-apiserver", hosts=api_hosts),
        Identity(file="admin", name="kubernetes-admin", groups=("system:masters",)),
        Identity(file="kubelet-client", name="kube-apiserver-kubelet-client", groups=("system:masters",)),
        Identity(file="front-proxy-client", name="front-proxy-client", authority="front-proxy-ca"),
    ]
    for node in cluster.nodes:
        name = f"system:node:{node.name}"
        hosts = (node.name, *node.addresses)
        found.append(Identity(file=f"nodes/{node.name}", name=name, groups=("system:nodes",), hosts=hosts))
    return found


def ensure(folder: Path, cluster: ClusterConfig, now: datetime) -> None:
    """Make every authority, certificate and key that is missing or expires within RENEW_BEFORE."""
    (folder / "nodes").mkdir(parents=True, exist_ok=True, mode=0o700)
    authorities = {name: _ensure_authority(folder / name, name, now) for name in ("ca", "front-proxy-ca")}
    for identity in identities(cluster):
        path = folder / identity.file
        if not _is_good(path, identity, now):
            _write(path, *issue(authorities[identity.authority], identity, now))
    if not (folder / "sa.key").exists():  # signs service account tokens: RS256, which every verifier of them knows
        key = rsa.generate_private_key(65537, 2048)
        write_atomically(folder / "sa.pub", _public_pem(key))
        write_atomically(folder / "sa.key", private_pem(key), 0o600)


def serving_pem(folder: Path, hosts: tuple[str, ...], now: datetime) -> bytes:
    """A new certificate of the cluster's authority for these hosts, with its key after it."""
    certificate, key = issue(
        _ensure_authority(folder / "ca", "ca", now), Identity(file="", name="podo", hosts=hosts), now
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private_pem(key)


def new_authority(name: str, now: datetime) -> Authority:
    """A self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"podo {name}")])
    usage = _key_usage(signs_certificates=True)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def issue(
    authority: Authority, identity: Identity, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate for both ends of TLS, with its new key; groups are organisations, as the API reads them."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity.groups]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, identity.name)])
    uses = [Usage.CLIENT_AUTH, *([Usage.SERVER_AUTH] if identity.hosts else [])]
    builder = (
        x509.CertificateBuilder(authority.certificate.subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if identity.hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(_host, identity.hosts))), critical=False)
    return builder.sign(authority.key, hashes.SHA256()), key


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _ensure_authority(path: Path, name: str, now: datetime) -> Authority:
    if not path.with_suffix(".key").exists():
        authority = new_authority(name, now)
        _write(path, authority.certificate, authority.key)
        return authority
    key = serialization.load_pem_private_key(path.with_suffix(".key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Authority(x509.load_pem_x509_certificate(path.with_suffix(".crt").read_bytes()), key)


def _is_good(path: Path, identity: Identity, now: datetime) -> bool:
    """Whether the certificate is there, lives on for a while, and names the hosts that it should."""
    if not path.with_name(path.name + ".key").exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.with_name(path.name + ".crt").read_bytes())
    if certificate.not_valid_after_utc - now < RENEW_BEFORE:
        return False
    if not identity.hosts:
        return True
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return list(names) == list(map(_host, identity.hosts))


def _write(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """The key last: its presence says that the pair is whole."""
    write_atomically(path.with_name(path.name + ".crt"), certificate.public_bytes(serialization.Encoding.PEM))
    write_atomically(path.with_name(path.name + ".key"), private_pem(key), 0o600)


def private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A key as PEM that names its algorithm (SEC 1, PKCS #1): Java clients (fabric8) take any other for RSA."""
    pem, named = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(pem, named, serialization.NoEncryption())


def _public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, info)
