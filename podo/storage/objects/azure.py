"""Shared access signatures of Azure Blob Storage (its REST reference, "Create an account SAS", "Create a service SAS").

An account's key never reaches a node's mount: that gets a signature for its one container. Pure.
"""

import base64
import binascii
import hashlib
import hmac
from urllib.parse import urlencode

from podo.storage.drivers import DriverFailure

VERSION = "2020-10-02"
FOREVER = "9999-12-31T23:59:59Z"  # a signature ends with its key
ALL_OF_AN_ACCOUNT, ALL_OF_A_CONTAINER = "rwdlac", "racwdl"  # permissions


def account_signature(account: str, key: str) -> str:
    """The query by which the whole blob service of an account may be used."""
    signed = (account, ALL_OF_AN_ACCOUNT, "b", "sco", "", FOREVER, "", "", VERSION, "")
    parts = {"sv": VERSION, "ss": "b", "srt": "sco", "sp": ALL_OF_AN_ACCOUNT, "se": FOREVER}
    return urlencode(parts | {"sig": _sign(key, signed)})


def container_signature(account: str, key: str, container: str) -> str:
    """The query by which one container may be read, listed and written."""
    place = f"/blob/{account}/{container}"
    signed = (ALL_OF_A_CONTAINER, "", FOREVER, place, "", "", "", VERSION, "c", *("",) * 6)
    parts = {"sv": VERSION, "sr": "c", "sp": ALL_OF_A_CONTAINER, "se": FOREVER}
    return urlencode(parts | {"sig": _sign(key, signed)})


def connection(text: str) -> dict[str, str]:
    """The parts of a connection string. Raises DriverFailure."""
    pairs = [part.partition("=") for part in text.strip().strip(";").split(";")]
    if not all(name and equals for name, equals, _ in pairs):
        raise DriverFailure("the connection string is not one: NAME=VALUE;NAME=VALUE… is what it should be")
    return {name: value for name, _, value in pairs}


def _sign(key: str, parts: tuple[str, ...]) -> str:
    try:
        secret = base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise DriverFailure("the account's key is not base64") from error
    return base64.b64encode(hmac.new(secret, "\n".join(parts).encode(), hashlib.sha256).digest()).decode()
