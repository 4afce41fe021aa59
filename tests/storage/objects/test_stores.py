from urllib.parse import parse_qs, urlsplit

import pytest

from podo.storage.drivers import DriverFailure
from podo.storage.objects import BLOB, S3
from podo.storage.objects.rclone import said
from podo.storage.objects.stores import checked, configuration, container_of

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's, public
EMULATOR = f"AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"


def options(driver: str, secret: dict[str, str], container: str = "") -> dict[str, str]:
    first, *lines = configuration(driver, secret, container).splitlines()
    assert first == "[store]"
    return dict(line.split(" = ", 1) for line in lines)


def test_a_key_is_never_given_away_but_signs_for_one_container():
    text = configuration(BLOB, {"connectionString": EMULATOR}, "data")
    assert KEY not in text
    url = urlsplit(options(BLOB, {"connectionString": EMULATOR}, "data")["sas_url"])
    assert (url.netloc, url.path) == ("127.0.0.1:10000", "/devstoreaccount1/data")
    assert parse_qs(url.query)["sr"] == ["c"]


def test_without_a_container_the_whole_account_is_signed_for():
    url = urlsplit(options(BLOB, {"connectionString": EMULATOR})["sas_url"])
    assert (url.path, parse_qs(url.query)["srt"]) == ("/devstoreaccount1", ["sco"])


def test_signatures_differ_by_container_and_by_key():
    other = EMULATOR.replace("AccountKey=E", "AccountKey=F")
    found = {configuration(BLOB, {"connectionString": text}, c) for text in (EMULATOR, other) for c in ("aaa", "bbb")}
    assert len(found) == 4


@pytest.mark.parametrize(
    "secret",
    [
        {"accountName": "acc", "accountKey": KEY},
        {"azurestorageaccountname": "acc", "azurestorageaccountkey": KEY},
        {"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_STORAGE_KEY": KEY},
        {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=acc;AccountKey={KEY}"},
    ],
)
def test_the_names_that_others_give_an_account_and_its_key_are_known(secret):
    assert options(BLOB, secret, "c1")["sas_url"].startswith("https://acc.blob.core.windows.net/c1?sv=")


@pytest.mark.parametrize(
    ("secret", "url"),
    [
        ({"sasUrl": "https://h/c?sig=x"}, "https://h/c?sig=x"),
        ({"accountName": "acc", "sasToken": "?sig=x"}, "https://acc.blob.core.windows.net?sig=x"),
        ({"connectionString": "BlobEndpoint=https://h/;SharedAccessSignature=sig=x"}, "https://h?sig=x"),
        (
            {"connectionString": "AccountName=a;SharedAccessSignature=sig=x;EndpointSuffix=blob.example"},
            "https://a.blob.blob.example?sig=x",
        ),
    ],
)
def test_a_signature_that_is_given_is_used_as_it_is(secret, url):
    assert options(BLOB, secret, "c")["sas_url"] == url


@pytest.mark.parametrize(
    ("driver", "secret", "words"),
    [
        (BLOB, {}, "neither a connectionString, nor a sasUrl"),
        (BLOB, {"accountName": "a"}, "neither a connectionString, nor a sasUrl"),
        (BLOB, {"accountName": "a", "accountKey": "no base64"}, "not base64"),
        (BLOB, {"connectionString": "nothing"}, "is not one"),
        (BLOB, {"sasUrl": "https://h/\ntype = local"}, "more than one line"),
        (S3, {"accessKeyId": "a"}, "no accessKeyId with a secretAccessKey"),
    ],
)
def test_a_secret_that_does_not_suffice_is_refused(driver, secret, words):
    with pytest.raises(DriverFailure, match=words):
        configuration(driver, secret)


def test_a_bucket_of_amazon_and_one_of_another_store():
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}
    amazon = options(S3, keys)
    assert (amazon["provider"], amazon["location_constraint"]) == ("AWS", "eu-west-1")
    other = options(S3, {"accessKeyId": "a", "secretAccessKey": "s", "endpoint": "http://10.0.0.1:9000"})
    assert (other["provider"], other["endpoint"]) == ("Other", "http://10.0.0.1:9000")
    assert "region" not in other
    assert ("no_check_bucket" in other, "no_check_bucket" in options(S3, keys, "b1")) == (False, True)


@pytest.mark.parametrize("place", ["data", "pvc-1", "my.bucket", "data/pvc-1", "data/a/b_c"])
def test_containers_and_folders_in_them_are_places(place):
    assert checked(place) == place


@pytest.mark.parametrize(
    "place", ["", "a", "-x-", "Data", "data/", "data/../x", "--config", "a b", "data/x y", "store:x"]
)
def test_anything_else_is_no_place(place):
    with pytest.raises(DriverFailure):
        checked(place)


def test_the_container_is_the_first_part_of_a_place():
    assert [container_of(p) for p in ("data", "data/a/b")] == ["data", "data"]


def test_events_are_told_what_is_wrong_and_no_secrets():
    assert said("2026/11/24 16:25:27 Failed to x\n==== ERROR (ServiceCode=AuthorizationFailure) ===\n") == (
        "the store refuses: AuthorizationFailure"
    )
    words = said("2026/11/24 16:25:27 ERROR : GET http://h/c?sig=geheim&x=1: no route\n\n")
    assert words == "GET http://h/c?sig=…&x=1: no route"
