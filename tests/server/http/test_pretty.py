"""Answers that people look at."""

import json

import pytest

from podo.server.answer import Answer, text_answer
from podo.server.http.pretty import LARGE, indented, is_pretty

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
CURL = {"User-Agent": "curl/7.88.1"}


@pytest.mark.parametrize(
    ("pretty", "agent", "wanted"),
    [
        (None, "curl/8", True),
        (None, "Wget/1.21", True),
        (None, "Mozilla/5.0 (X11)", True),
        (None, "kubectl/v1.36", False),
        (None, "libcurl", False),
        ("", "curl/8", True),
        ("false", "curl/8", False),
        ("nonsense", "curl/8", False),
        ("true", "kubectl/v1.36", True),
        ("1", "kubectl/v1.36", True),
    ],
)
def test_who_gets_indented_json(pretty, agent, wanted):
    assert is_pretty({} if pretty is None else {"pretty": pretty}, agent) is wanted


async def test_only_json_is_indented():
    assert await indented(text_answer('{"a":1}')) == text_answer('{"a":1}')
    assert (await indented(Answer(200, b'{"a":{},"b":[]}'))).body == b'{\n  "a": {},\n  "b": []\n}'


async def test_a_large_answer_is_indented_as_well():
    body = json.dumps({"a": ["x" * 100] * (LARGE // 100)}).encode()
    assert bytes((await indented(Answer(200, body))).body).startswith(b'{\n  "a": [\n    "x')


@pytest.mark.parametrize("path", ["/api/v1/namespaces/default", f"{CONFIGMAPS}/none", "/apis", "/apis/apps/v1"])
async def test_curl_gets_what_others_get_indented(api, path):
    async with api.get(path) as response:
        plain = await response.read()
    async with api.get(path, headers=CURL) as response:
        shown = await response.text()
    assert json.loads(shown) == json.loads(plain)
    assert shown.startswith("{\n  ")
    assert b"\n  " not in plain


async def test_a_watch_stays_one_line_an_event(api):
    await api.post(CONFIGMAPS, json={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    async with api.get(f"{CONFIGMAPS}?watch=1&pretty=true", headers=CURL) as response:
        line = await response.content.readline()
    assert json.loads(line)["type"] == "ADDED"
