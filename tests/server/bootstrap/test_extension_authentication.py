"""What servers behind this one read to know who asks."""

import json

from podo.api.types.core_v1 import ConfigMap, Namespace
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.server.bootstrap.extension_authentication import NAME, authentication_data, publish_authentication


async def test_the_authorities_and_the_names_of_headers_are_published_and_renewed(core, client, tmp_path):
    await client.create(Namespace(metadata=ObjectMeta(name="kube-system")))
    clients, proxies = tmp_path / "ca.crt", tmp_path / "front-proxy-ca.crt"
    clients.write_text("clients")
    for text in ("old", "new"):
        proxies.write_text(text)
        await publish_authentication(core, clients, proxies)
        found = await client.get(ConfigMap, Key("kube-system", NAME))
        assert found.data["client-ca-file"] == "clients"
        assert found.data["requestheader-client-ca-file"] == text
    assert json.loads(found.data["requestheader-allowed-names"]) == ["front-proxy-client"]
    assert json.loads(found.data["requestheader-username-headers"]) == ["X-Remote-User"]


def test_without_a_front_proxy_nothing_is_said_of_one():
    assert authentication_data("x", "") == {"client-ca-file": "x"}
