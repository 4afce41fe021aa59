"""Bodies, paths and numbers that mean harm: each is refused with the Status that says why, and the server goes on."""

import json
import random

import pytest
from yarl import URL

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
JSON_PATCH, MERGE, STRATEGIC, APPLY = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
SECONDS = 20  # for one answer, on a machine that does much else


@pytest.fixture(autouse=True)
async def there(api):
    """A ConfigMap `a` to be patched; and whatever a test has sent, the server answers others afterwards."""
    async with api.post(MAPS, json={"metadata": {"name": "a"}, "data": {"k": "v"}}) as answer:
        assert answer.status == 201
    yield
    async with api.get(f"{MAPS}/a") as answer:
        assert (await answer.json())["metadata"]["name"] == "a"


async def status(api, body, *, method="POST", path=MAPS, media_type=JSON):
    """(code, reason, message) of the answer."""
    headers = {"Content-Type": media_type}
    data = body.encode() if isinstance(body, str) else body
    async with api.request(method, path, data=data, headers=headers, timeout=SECONDS) as answer:
        found = await answer.json()
        return answer.status, found.get("reason"), found.get("message", "")


async def patch(api, body, media_type):
    return await status(api, body, method="PATCH", path=f"{MAPS}/a?fieldManager=x", media_type=media_type)


async def created(api, body, media_type):
    return await status(api, body, media_type=media_type)


def nested(depth: int, left: str = '{"a":', right: str = "}") -> str:
    return (
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"x":' + left * depth + "1" + right * depth + "}"
    )


@pytest.mark.parametrize("depth", [10_000, 300_000])
@pytest.mark.parametrize("brackets", [('{"a":', "}"), ("[", "]")], ids=["objects", "arrays"])
@pytest.mark.parametrize("media_type", [JSON, YAML, JSON_PATCH, MERGE, STRATEGIC, APPLY])
async def test_deep_nesting_is_a_bad_request(api, media_type, brackets, depth):
    body = nested(depth, *brackets)
    answer = await (
        status(api, body, media_type=media_type) if media_type in (JSON, YAML) else patch(api, body, media_type)
    )
    assert answer[:2] == (400, "BadRequest")
    assert "exceeded max depth" in answer[2]


@pytest.mark.parametrize("depth", [100, 200, 300, 390])
@pytest.mark.parametrize("media_type", [JSON_PATCH, MERGE, STRATEGIC, APPLY])
async def test_no_depth_is_an_error_of_the_server(api, media_type, depth):
    body = nested(depth)
    if media_type == JSON_PATCH:
        value = json.loads(body)["x"]
        body = json.dumps([{"op": "add", "path": "/x", "value": value}, {"op": "test", "path": "/x", "value": value}])
    code, _, message = await patch(api, body, media_type)
    assert code < 500 or (media_type == APPLY and "field not declared in schema" in message)  # so does Kubernetes


async def test_options_that_nest_too_deep_delete_nothing(api):
    assert (await status(api, nested(10_000), method="DELETE", path=f"{MAPS}/a"))[0] == 400


def with_generation(number: str) -> str:
    return '{"metadata": {"name": "n", "generation": ' + number + "}}"


@pytest.mark.parametrize("number", ["9" * 100_000, "-" + "9" * 100_000, "1e400", "0." + "3" * 100_000])
@pytest.mark.parametrize("media_type", [JSON, YAML])
async def test_a_number_that_fits_no_field_is_a_bad_request(api, number, media_type):
    code, reason, message = await status(api, with_generation(number), media_type=media_type)
    assert (code, reason) == (400, "BadRequest")
    assert "cannot unmarshal" in message


@pytest.mark.parametrize("number", ["0x" + "f" * 100_000, "0b" + "1" * 100_000, "0o" + "7" * 100_000, "1" * 5_000])
async def test_numbers_as_yaml_alone_spells_them_have_bounds_too(api, number):
    code, reason, _ = await status(api, f"metadata: {{name: n, generation: {number}}}", media_type=YAML)
    assert (code, reason) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("quantity", "stored"),
    [("9" * 500_000, "9223372036854775807"), ("0." + "0" * 500_000 + "1", "1n"), ("0" * 500_000 + "1", "1")],
)
async def test_a_quantity_is_cut_to_what_can_be_counted(api, quantity, stored):
    limits = {"limits": {"example.com/a": "1", "memory": quantity}}
    pod = {"metadata": {"name": "q"}, "spec": {"containers": [{"name": "c", "image": "i", "resources": limits}]}}
    async with api.post(f"{PODS}?dryRun=All", json=pod) as answer:
        found = await answer.json()
        if answer.status == 201:
            assert found["spec"]["containers"][0]["resources"]["limits"]["memory"] == stored
        else:
            assert answer.status in (403, 422)


@pytest.mark.parametrize("quantity", ["1e999999999", "1e-999999999", "1E" + "9" * 100_000])
async def test_an_exponent_beyond_all_bounds_is_no_quantity(api, quantity):
    limits = {"limits": {"memory": quantity}}
    pod = {"metadata": {"name": "q"}, "spec": {"containers": [{"name": "c", "image": "i", "resources": limits}]}}
    code, reason, message = await status(api, json.dumps(pod), path=PODS)
    assert (code, reason) == (400, "BadRequest")
    assert "quantities must match" in message


@pytest.mark.parametrize("index", ["9" * 100_000, "-" + "9" * 100_000])
async def test_an_index_beyond_all_bounds_does_not_apply(api, index):
    steps = [
        {"op": "add", "path": "/metadata/finalizers", "value": ["example.com/x"]},
        {"op": "add", "path": f"/metadata/finalizers/{index}", "value": "example.com/y"},
    ]
    assert (await patch(api, json.dumps(steps), JSON_PATCH))[:2] == (422, "Invalid")


async def test_nul_is_a_character_like_others_in_data_and_none_of_a_name(api):
    assert (await status(api, '{"metadata":{"name":"nul"},"data":{"k":"\\u0000"}}'))[0] == 201
    assert (await status(api, '{"metadata":{"name":"n\\u0000l"}}'))[:2] == (422, "Invalid")
    code, _, message = await status(api, b'{"metadata":{"name":"n\x00l"}}')
    assert (code, "invalid character '\\x00' in string literal" in message) == (400, True)
    async with api.get(f"{MAPS}/a%00") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("media_type", [JSON, YAML])
async def test_bytes_that_are_no_utf_8_are_replaced(api, media_type):
    body = b'{"metadata": {"name": "u"}, "data": {"k": "\xff\xfe"}}'
    assert (await status(api, body, media_type=media_type))[0] == 201
    async with api.get(f"{MAPS}/u") as answer:
        assert (await answer.json())["data"] == {"k": "\ufffd\ufffd"}


async def test_bytes_that_are_no_utf_8_in_a_path_name_nothing(api):
    async with api.get(URL(f"{api._base_url.origin()}{MAPS}/%FF%FE", encoded=True)) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("media_type", [JSON, YAML])
async def test_repeated_members_are_refused_if_the_client_is_strict(api, media_type):
    body = '{"metadata": {"name": "d", "name": "e"}}'
    code, reason, message = await status(api, body, path=f"{MAPS}?fieldValidation=Strict", media_type=media_type)
    assert (code, reason) == (400, "BadRequest")
    assert 'duplicate field "metadata.name"' in message or 'key "name" already set in map' in message
    assert (await status(api, body, path=f"{MAPS}?fieldValidation=Ignore", media_type=media_type))[0] == 201


@pytest.mark.parametrize(("method", "path"), [("POST", MAPS), ("PUT", f"{MAPS}/a"), ("DELETE", f"{MAPS}/a")])
async def test_a_body_of_more_than_3_mib_is_too_large_for_every_verb(api, method, path):
    body = json.dumps({"metadata": {"name": "a"}, "data": {"k": "x" * (3 << 20)}})
    assert await status(api, body, method=method, path=path) == (
        413,
        "RequestEntityTooLarge",
        "Request entity too large: limit is 3145728",
    )


@pytest.mark.parametrize("media_type", [JSON_PATCH, MERGE, STRATEGIC, APPLY])
async def test_a_patch_of_more_than_3_mib_is_too_large(api, media_type):
    assert (await patch(api, "x" * (3 << 20) + "x", media_type))[:2] == (413, "RequestEntityTooLarge")


async def test_chunks_without_end_are_read_no_further_than_the_limit(api):
    sent = 0

    async def chunks():
        nonlocal sent
        while True:
            sent += 1 << 16
            yield b" " * (1 << 16)

    async with api.post(MAPS, data=chunks(), headers={"Content-Type": JSON}, timeout=SECONDS) as answer:
        assert answer.status == 413
        assert (await answer.json())["reason"] == "RequestEntityTooLarge"
    assert sent < 32 << 20


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"b{i}: &b{i}\n  <<: [{','.join(['*a' if not i else f'*b{i - 1}'] * 30)}]\n" for i in range(12)
)


@pytest.mark.parametrize("bomb", [LAUGHS, MERGES], ids=["lists of lists", "merges of merges"])
@pytest.mark.parametrize("media_type", [YAML, APPLY])
async def test_a_yaml_bomb_does_not_go_off(api, bomb, media_type):
    answer = await (created if media_type == YAML else patch)(api, bomb, media_type)
    assert answer[:2] == (400, "BadRequest")
    assert "document contains excessive aliasing" in answer[2]


async def test_an_alias_of_itself_is_refused(api):
    assert "value contains itself" in (await status(api, "a: &a [*a]", media_type=YAML))[2]


@pytest.mark.parametrize("body", ["a: [" + "[]," * 400_000 + "[]]", "x,\n- " * 300_000], ids=["lists", "lines"])
async def test_yaml_of_too_many_nodes_is_refused(api, body):
    code, reason, _ = await status(api, body, media_type=YAML)
    assert (code, reason) == (400, "BadRequest")


async def test_copies_of_copies_do_not_grow_without_end(api):
    steps = [{"op": "add", "path": "/data/a", "value": "x" * 1000}]
    steps += [{"op": "copy", "from": "/data", "path": f"/data/b{i}"} for i in range(40)]
    assert (await patch(api, json.dumps(steps), JSON_PATCH))[0] == 422


async def test_a_json_patch_has_no_more_than_ten_thousand_steps(api):
    steps = [{"op": "test", "path": "/data/k", "value": "v"}] * 10_001
    code, reason, message = await patch(api, json.dumps(steps), JSON_PATCH)
    assert (code, reason) == (413, "RequestEntityTooLarge")
    assert "The allowed maximum operations in a JSON patch is 10000, got 10001" in message


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../x", "a%b", "/", "%2e%2e"])
@pytest.mark.parametrize("path", [MAPS, ROLES])
async def test_a_name_that_could_lead_elsewhere_is_invalid(api, path, name):
    assert (await status(api, json.dumps({"metadata": {"name": name}}), path=path))[:2] == (422, "Invalid")


@pytest.mark.parametrize(
    "path",
    [
        f"{MAPS}/..",
        f"{MAPS}/%2e%2e",
        f"{MAPS}/..%2fa",
        f"{MAPS}/%2e%2e%2fsecrets%2fa",
        f"{MAPS}/a%2Fb",
        f"{PODS}/..%2f..%2fa/log",
        "/api/v1/namespaces/%2e%2e/configmaps/a",
        "/api/../api/v1/namespaces/default",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/logs/../../etc/passwd",
        "/openapi/v3/../../etc/passwd",
        "/healthz/../metrics",
    ],
)
async def test_dots_and_slashes_in_a_path_lead_nowhere(api, path):
    async with api.get(URL(f"{api._base_url.origin()}{path}", encoded=True)) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("seed", range(20))
async def test_protobuf_that_is_none_is_a_bad_request(api, seed):
    source = random.Random(seed)
    body = b"k8s\x00" + source.randbytes(source.randrange(200))
    assert (await status(api, body, media_type=PROTOBUF))[:2] == (400, "BadRequest")


@pytest.mark.parametrize(
    "fields",
    [{"k:{": {}, "v:": {}, "i:x": {}, "f:": {}}, {"f:data": {"x": 1}}, {".": {".": {}}}, json.loads(nested(380))],
    ids=["broken keys", "no sets", "dots", "deep"],
)
async def test_managed_fields_of_the_clients_own_making_break_nothing(api, fields):
    mine = {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    body = {"metadata": {"name": "a", "managedFields": [mine]}, "data": {"k": "w"}}
    assert (await status(api, json.dumps(body), method="PUT", path=f"{MAPS}/a"))[0] < 500
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"more": "1"}}
    assert (await patch(api, json.dumps(applied), APPLY))[0] < 500


@pytest.mark.parametrize(
    "query",
    [
        "limit=999999999999999999999999",
        "resourceVersion=99999999999999999999999999",
        "resourceVersion=-1",
        "watch=1&timeoutSeconds=99999999999999999999",
        "continue=" + "A" * 50_000,
        "labelSelector=" + "(" * 50_000,
        "labelSelector=a+in+(" + "," * 50_000,
        "fieldSelector=" + "%5C" * 20_000,
    ],
    ids=lambda query: query[:24],
)
async def test_options_that_mean_nothing_are_a_bad_request(api, query):
    async with api.get(URL(f"{api._base_url.origin()}{MAPS}?{query}", encoded=True), timeout=SECONDS) as answer:
        assert answer.status == 400
        assert (await answer.json())["reason"] == "BadRequest"
