"""Formats: what each lets pass."""

import pytest

from podo.server.customresources.schema.formats import FORMATS, known

GOOD = {
    "bsonobjectid": "507f1f77bcf86cd799439011",
    "uri": "https://example.com/a?b=c",
    "email": "a@example.com",
    "hostname": "web-0.example.com",
    "ipv4": "10.0.0.1",
    "ipv6": "fe80::1",
    "cidr": "10.0.0.0/8",
    "mac": "01:23:45:67:89:ab",
    "uuid": "123E4567-e89b-12d3-a456-426614174000",
    "uuid3": "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    "uuid4": "16fd2706-8baf-433b-82eb-8c7fada847da",
    "uuid5": "886313e1-3b8a-5372-9b90-0c9aee199e5d",
    "isbn": "978-0321751041",
    "isbn10": "0321751043",
    "isbn13": "978-0321751041",
    "creditcard": "4111 1111 1111 1111",
    "ssn": "111-22-3333",
    "hexcolor": "#ffF",
    "rgbcolor": "rgb(255,0,17)",
    "byte": "aGk=",
    "password": "",
    "date": "2024-02-29",
    "duration": "22 ns",
    "datetime": "2014-12-15T19:30:20.000Z",
    "k8sshortname": "web-0",
    "k8slongname": "web-0.example.com",
}
BAD = {
    "bsonobjectid": "507f",
    "uri": ":",
    "email": "a.example.com",
    "hostname": "-web",
    "ipv4": "10.0.0.256",
    "ipv6": "fe80::g",
    "cidr": "10.0.0.0/33",
    "mac": "01:23:45:67:89",
    "uuid": "123e4567",
    "uuid3": "16fd2706-8baf-433b-82eb-8c7fada847da",
    "uuid4": "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    "uuid5": "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    "isbn": "978-0321751042",
    "isbn10": "0321751044",
    "isbn13": "0321751043",
    "creditcard": "4111 1111 1111 1112",
    "ssn": "1112233",
    "hexcolor": "#ffff",
    "rgbcolor": "rgb(256,0,17)",
    "byte": "aGk",
    "date": "2023-02-29",
    "duration": "soon",
    "datetime": "yesterday",
    "k8sshortname": "Web",
    "k8slongname": "web-.example.com",
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_text_passes(name: str) -> None:
    assert FORMATS[name](GOOD[name])


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_text_does_not(name: str) -> None:
    assert not FORMATS[name](BAD[name])


def test_every_format_is_tested() -> None:
    assert set(GOOD) == set(FORMATS)


def test_formats_belong_to_types() -> None:
    assert known("date-time", "string")
    assert known("int32", "integer")
    assert not known("int32", "string")
    assert not known("date", "object")
