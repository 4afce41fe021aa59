"""Lists: pages, tokens, resource versions."""

import base64
import re

import pytest

from podo.api.errors import BadRequest, Expired, Timeout
from podo.api.selectors import parse_labels
from podo.server.context import Context
from podo.server.core import MASTER
from podo.server.registry.reading import ListOptions, decode_token, encode_token
from podo.server.watchcache.selection import Selection


@pytest.fixture
def configmaps(core):
    return core.catalog.by_path("", "v1", "configmaps")


@pytest.fixture
async def make(core, configmaps):
    async def make(*names, **labels):
        for name in names:
            meta = {"name": name, "labels": labels}
            obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
            await core.registry.create(Context(MASTER, core.clock.now(), namespace="ns"), configmaps, obj)

    return make


def names(result):
    return [entry.name for entry in result.entries]


def test_a_token_can_be_read_back():
    assert decode_token(encode_token(7, "ns/x")) == (7, "ns/x")


def token(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


V1 = '"v":"meta.k8s.io/v1"'


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("!!", "illegal base64 data at input byte 0"),
        ("abcde", "illegal base64 data at input byte 4"),
        ("abc=", "illegal base64 data at input byte 3"),
        (token("x"), "invalid character 'x' looking for beginning of value"),
        (token("[]"), "json: cannot unmarshal array into Go value of type storage.continueToken"),
        (token('{"v":1}'), "json: cannot unmarshal number into Go struct field continueToken.v of type string"),
        (token("{}"), "server does not recognize this encoded version "),
        (token(f"{{{V1}}}"), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
        (token(f'{{{V1},"rv":5}}'), "encoded start key empty (version meta.k8s.io/v1)"),
        (encode_token(5, "../x"), "../x"),
    ],
)
def test_what_is_no_token_is_refused(given, why):
    with pytest.raises(BadRequest, match=re.escape(f"invalid continue token: continue key is not valid: {why}")):
        decode_token(given)


def test_a_token_may_begin_at_the_root():
    assert decode_token(token(f'{{{V1},"rv":5,"start":"/ns/x"}}')) == (5, "ns/x")


async def test_pages_together_are_the_list(core, configmaps, make):
    await make(*"abcde")
    first = await core.registry.list(configmaps, Selection(), ListOptions(limit=2))
    assert (names(first), first.remaining) == (["a", "b"], 3)
    second = await core.registry.list(configmaps, Selection(), ListOptions(2, first.continue_token))
    assert (names(second), second.remaining, second.revision) == (["c", "d"], 1, first.revision)
    last = await core.registry.list(configmaps, Selection(), ListOptions(2, second.continue_token))
    assert (names(last), last.remaining, last.continue_token) == (["e"], None, "")


async def test_later_pages_show_the_state_of_the_first(core, configmaps, make):
    await make(*"ace")
    first = await core.registry.list(configmaps, Selection(), ListOptions(limit=1))
    await make("b", "d")
    rest = await core.registry.list(configmaps, Selection(), ListOptions(0, first.continue_token))
    assert (names(rest), rest.revision) == (["c", "e"], first.revision)


async def test_what_the_cache_no_longer_knows_is_shown_from_the_store(core, configmaps, make):
    await make(*"ace")
    first = await core.registry.list(configmaps, Selection(), ListOptions(limit=1))
    await make("b", "d")
    await core.cache.consistent()
    core.cache.begin_here()  # as after a restart
    page = await core.registry.list(configmaps, Selection(), ListOptions(1, first.continue_token))
    assert (names(page), page.remaining, page.revision) == (["c"], 1, first.revision)
    exact = ListOptions(resource_version=first.revision, exact=True)
    assert names(await core.registry.list(configmaps, Selection(namespace="ns"), exact)) == ["a", "c", "e"]
    assert names(await core.registry.list(configmaps, Selection(namespace="other"), exact)) == []
    empty = ListOptions(resource_version=1, exact=True)
    assert names(await core.registry.list(configmaps, Selection(), empty)) == []


async def test_a_token_expires_with_age_although_nothing_has_changed(core, configmaps, make, clock):
    await make(*"abc")
    first = await core.registry.list(configmaps, Selection(), ListOptions(limit=1))
    secrets = core.catalog.by_path("", "v1", "secrets")
    for number in range(12):
        clock.advance(60)
        obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"s{number}"}}
        await core.registry.create(Context(MASTER, clock.now(), namespace="ns"), secrets, obj)
        await core.cache.consistent()
    with pytest.raises(Expired) as caught:
        await core.registry.list(configmaps, Selection(), ListOptions(1, first.continue_token))
    rest = await core.registry.list(configmaps, Selection(), ListOptions(1, caught.value.metadata["continue"]))
    assert (names(rest), rest.remaining) == (["b"], 1)
    assert rest.revision > first.revision
    exact = ListOptions(resource_version=first.revision, exact=True)
    with pytest.raises(Expired, match="for the provided list is too old"):
        await core.registry.list(configmaps, Selection(), exact)


async def test_with_a_selector_nobody_says_how_many_remain(core, configmaps, make):
    await make(*"abc", app="x")
    selection = Selection("", parse_labels("app=x"))
    found = await core.registry.list(configmaps, selection, ListOptions(limit=1))
    assert (names(found), found.remaining) == (["a"], None)
    assert found.continue_token


async def test_an_exact_revision_is_shown_as_it_was(core, configmaps, make):
    await make("a")
    then = core.cache.acknowledged
    await make("b")
    found = await core.registry.list(configmaps, Selection(), ListOptions(0, "", then, exact=True))
    assert (names(found), found.revision) == (["a"], then)


async def test_an_exact_revision_that_is_yet_to_come_is_refused_at_once(core, configmaps):
    with pytest.raises(Timeout, match="Too large resource version"):
        await core.registry.list(configmaps, Selection(), ListOptions(0, "", 10_000, exact=True))


async def test_any_revision_will_do_for_zero(core, configmaps, make):
    await make("a")
    found = await core.registry.list(configmaps, Selection(), ListOptions(resource_version=0))
    assert found.revision == core.cache.revision
