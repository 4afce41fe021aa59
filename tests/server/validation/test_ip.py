"""Addresses and CIDRs: strict, canonical, and the warnings about sloppy ones."""

import pytest

from podo.server.validation import ip


def found(check, text):
    errs = []
    check(errs, "f", text)
    return [e.detail for e in errs]


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("10.0.0.1", []),
        ("fd00::1", []),
        ("010.0.0.1", ["must not have leading 0s"]),
        ("::ffff:1.2.3.4", ["must not be an IPv4-mapped IPv6 address"]),
        ("x", [ip.BAD_IP]),
        ("1.2.3", [ip.BAD_IP]),
        ("fe80::1%eth0", [ip.BAD_IP]),
    ],
)
def test_addresses(text, details):
    assert found(ip.strict_ip, text) == details


def test_what_is_stored_already_is_not_looked_at():
    errs = []
    ip.legacy_ip(errs, "f", "010.0.0.1", ["010.0.0.1"])
    assert errs == []


def test_canonical_spelling():
    assert found(ip.canonical_ip, "FD00::0:1") == ['must be in canonical form ("fd00::1")']
    assert found(ip.canonical_cidr, "fd00:0::/64") == ['must be in canonical form ("fd00::/64")']


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("10.0.0.0/8", []),
        ("10.0.0.1/8", ["must not have bits set beyond the prefix length"]),
        ("010.0.0.0/8", ["must not have leading 0s in IP or prefix length"]),
        ("10.0.0.0/08", ["must not have leading 0s in IP or prefix length"]),
        ("10.0.0.0", [ip.BAD_CIDR]),
        ("10.0.0.0/33", [ip.BAD_CIDR]),
        ("::ffff:10.0.0.0/104", ["must not have an IPv4-mapped IPv6 address"]),
    ],
)
def test_cidrs(text, details):
    assert found(ip.strict_cidr, text) == details


def test_warnings():
    assert ip.ip_warnings("f", "10.0.0.1") == []
    assert ip.ip_warnings("f", "010.0.0.1") == ['f: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"']
    assert ip.ip_warnings("f", "FD00::1") == [
        'f: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'
    ]
    assert ip.cidr_warnings("f", "10.0.0.1/8") == [
        'f: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'
    ]
