"""Where an object store is and who may use it, as a Secret says it, in the words of rclone's configuration. Pure.

The keys of a Secret may have the names that Azure's and Amazon's own tools and drivers know; case and the characters
between words do not matter: `accountKey`, `ACCOUNT_KEY`.
"""

import re
from collections.abc import Mapping

from podo.storage.drivers import DriverFailure
from podo.storage.objects import BLOB
from podo.storage.objects.azure import account_signature, connection, container_signature

PLACE = re.compile(r"[a-z0-9$][a-z0-9.-]{1,61}[a-z0-9](/[\w.@+=-]+)*")
REMOTE = "store"  # what rclone knows the store as


def configuration(driver: str, secret: Mapping[str, str], container: str = "") -> str:
    """rclone's configuration for the store, or for one container of it alone. Raises DriverFailure."""
    known = {_plain(name): value.strip() for name, value in secret.items()}
    options = _blob(known, container) if driver == BLOB else _s3(known, container)
    if any("\n" in value for value in options.values()):
        raise DriverFailure("a value of the store's Secret has more than one line")
    return "".join((f"[{REMOTE}]\n", *(f"{name} = {value}\n" for name, value in options.items())))


def checked(place: str) -> str:
    """A container or bucket, or a folder in it. Raises DriverFailure."""
    if not PLACE.fullmatch(place) or ".." in place:
        raise DriverFailure(f"{place!r} is not the name of a container or bucket, with or without a folder in it")
    return place


def container_of(place: str) -> str:
    """The container or bucket of a place."""
    return place.partition("/")[0]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).removeprefix("azurestorage").removeprefix("aws")


def _first(known: Mapping[str, str], *names: str) -> str:
    return next((known[name] for name in names if known.get(name)), "")


def _blob(known: Mapping[str, str], container: str) -> dict[str, str]:
    if url := _first(known, "sasurl"):
        return {"type": "azureblob", "sas_url": url}
    parts = connection(text) if (text := _first(known, "connectionstring")) else {}
    account = parts.get("AccountName") or _first(known, "accountname", "account")
    key = parts.get("AccountKey") or _first(known, "accountkey", "key", "accesskey")
    token = parts.get("SharedAccessSignature") or _first(known, "sastoken", "accountsastoken")
    suffix = parts.get("EndpointSuffix", "core.windows.net")
    protocol = parts.get("DefaultEndpointsProtocol", "https")
    endpoint = parts.get("BlobEndpoint") or _first(known, "endpoint", "blobendpoint")
    endpoint = endpoint or (f"{protocol}://{account}.blob.{suffix}" if account else "")
    if not endpoint or not (token or (account and key)):
        raise DriverFailure(
            "the Secret has neither a connectionString, nor a sasUrl, nor an account with a key or token"
        )
    if not token and container:
        return _signed(f"{endpoint.rstrip('/')}/{container}", container_signature(account, key, container))
    return _signed(endpoint.rstrip("/"), token.lstrip("?") or account_signature(account, key))


def _signed(url: str, query: str) -> dict[str, str]:
    return {"type": "azureblob", "sas_url": f"{url}?{query}"}


def _s3(known: Mapping[str, str], bucket: str) -> dict[str, str]:
    identity, secret = _first(known, "accesskeyid", "accesskey"), _first(known, "secretaccesskey", "secretkey")
    if not identity or not secret:
        raise DriverFailure("the Secret has no accessKeyId with a secretAccessKey")
    endpoint = _first(known, "endpoint", "endpointurl", "endpointurls3")
    region = _first(known, "region", "defaultregion")
    found = {
        "type": "s3",
        "provider": "Other" if endpoint else "AWS",
        "access_key_id": identity,
        "secret_access_key": secret,
        "session_token": _first(known, "sessiontoken"),
        "endpoint": endpoint,
        "region": region or ("" if endpoint else "us-east-1"),
        "location_constraint": "" if endpoint or region == "us-east-1" else region,
        "no_check_bucket": "true" if bucket else "",  # it is there: who writes to it need not be allowed to make it
    }
    return {name: value for name, value in found.items() if value}
