import pytest

from podo.network.gateway.configuration import configuration, files
from tests.network.gateway.build import come_to, gateway, http_route, route

HTTPS = "port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: tls}]}"
PASS = "port: 443, protocol: TLS, tls: {mode: Passthrough}"


def written(gateways, routes=()):
    plan = come_to(gateways, routes).plan
    servers = {each.name: (None,) for each in plan.destinations() if each.target}
    return [line.strip() for line in configuration(plan, servers, "/run/x", "gen").splitlines()]


def chosen(*matches):
    """The condition of each rule of a route with such matches."""
    rule = f"[{{matches: [{', '.join(matches)}], backendRefs: [{{name: web, port: 80}}]}}]"
    lines = written([gateway()], [http_route(rule)])
    return [line.split(" if !{ var(txn.to) -m found }")[1].strip() for line in lines if "set-var(txn.to)" in line]


@pytest.mark.parametrize(
    ("match", "condition"),
    [
        ("{path: {value: /a/}}", "{ var(txn.path) -m beg /a/ }"),
        ("{path: {value: /}}", ""),
        ("{path: {type: Exact, value: /a}}", "{ path -m str /a }"),
        ("{path: {type: RegularExpression, value: '/a[0-9]+'}}", "{ path -m reg '^(?:/a[0-9]+)$' }"),
        ("{method: GET}", "{ method -m str GET }"),
        ("{headers: [{name: X-A, value: -b c}]}", "{ req.fhdr(X-A) -m str -- '-b c' }"),
        ("{headers: [{name: X-A, value: b}, {name: x-a, value: c}]}", "{ req.fhdr(X-A) -m str -- b }"),
        ("{queryParams: [{name: q, value: a&b}]}", "{ urlp(q),url_dec(1) -m str -- a&b }"),
    ],
)
def test_a_match_is_a_condition(match, condition):
    assert chosen(match) == [condition]


def test_many_conditions_are_asked_one_after_another():
    headers = ", ".join(f"{{name: h{n}, value: v}}" for n in range(12))
    lines = written(
        [gateway()], [http_route(f"[{{matches: [{{headers: [{headers}]}}], backendRefs: [{{name: web, port: 80}}]}}]")]
    )
    assert max(len(line.split()) for line in lines) < 64
    assert "http-request unset-var(txn.maybe) if !{ req.fhdr(h11) -m str -- v }" in lines


def test_shares_are_drawn_one_after_another():
    rule = "[{backendRefs: [{name: web, port: 80, weight: 70}, {name: v2, port: 80, weight: 30}]}]"
    lines = [line for line in written([gateway()], [http_route(rule)]) if "split-0 }" in line]
    assert [line.split("split-0 }")[1].strip() for line in lines] == ["{ rand(100) -m int lt 70 }", ""]


def done(filters, match="{path: {value: /a}}"):
    """What the backend of a rule with these filters does."""
    rule = f"[{{matches: [{match}], filters: [{filters}], backendRefs: [{{name: web, port: 80}}]}}]"
    lines = written([gateway()], [http_route(rule)])
    start = next(
        number for number, line in enumerate(lines) if line.startswith("backend ns_web_") or "backend 500_" in line
    )
    rest = lines[start:]
    return [line for line in rest[: rest.index("backend not-found")] if line.startswith("http-")]


def test_headers_are_changed_in_both_directions():
    filters = (
        "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: 1% x}], remove: [b]}},"
        "{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: c, value: y}]}}"
    )
    assert done(filters) == [
        "http-request set-header a '1%% x'",
        "http-request del-header b",
        "http-response add-header c y",
    ]


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("{type: ReplaceFullPath, replaceFullPath: /new}", ["http-request set-path /new"]),
        (
            "{type: ReplacePrefixMatch, replacePrefixMatch: /new/}",
            ["http-request set-var(txn.rest) path,bytes(2)", "http-request set-path /new%[var(txn.rest)]"],
        ),
        (
            "{type: ReplacePrefixMatch, replacePrefixMatch: /}",
            [
                "http-request set-var(txn.rest) path,bytes(2)",
                "http-request set-path %[var(txn.rest)] if { var(txn.rest) -m beg / }",
                "http-request set-path /%[var(txn.rest)] if !{ var(txn.rest) -m beg / }",
            ],
        ),
    ],
)
def test_a_path_is_rewritten_whole_or_at_its_front(path, lines):
    assert done(f"{{type: URLRewrite, urlRewrite: {{path: {path}}}}}") == lines


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        ("{}", "%[var(txn.scheme)]://%[var(txn.host)]%[var(txn.port)]%[path] code 302"),
        ("{scheme: https, statusCode: 301}", "https://%[var(txn.host)]%[path] code 301"),
        ("{scheme: https, port: 8443}", "https://%[var(txn.host)]:8443%[path] code 302"),
        ("{scheme: http, port: 80, hostname: b.example}", "http://b.example%[path] code 302"),
        ("{port: 8080}", "%[var(txn.scheme)]://%[var(txn.host)]:8080%[path] code 302"),
    ],
)
def test_a_redirect_names_a_port_only_where_the_scheme_has_another(redirect, location):
    found = done(f"{{type: RequestRedirect, requestRedirect: {redirect}}}")
    assert found[-2] == f"http-request redirect location {location}"


def test_hosts_are_told_apart_before_rules_are_asked():
    edge = gateway("{name: any, port: 80, protocol: HTTP}", "{name: a, port: 80, protocol: HTTP, hostname: a.example}")
    lines = [line for line in written([edge]) if "set-var(txn.listener) int(" in line]
    first = "http-request set-var(txn.listener) int(0) if { var(txn.listener) -m int 9999 }"
    assert lines[1:] == [
        f"{first} {{ var(txn.host) -m str a.example }}",
        "http-request set-var(txn.listener) int(1) if { var(txn.listener) -m int 9999 }",
    ]


def test_certificates_are_for_the_names_of_their_listeners():
    edge = gateway(f"{{name: a, hostname: a.example, {HTTPS}}}", f"{{name: any, {HTTPS}}}")
    (lines,) = files(come_to([edge]).plan, "/run/x").values()
    assert lines.splitlines() == ["/run/x/certificates/ns_tls.pem", "/run/x/certificates/ns_tls.pem a.example"]


MIRROR = "{type: RequestMirror, requestMirror: {backendRef: {name: v2, port: 80}%s}}"


@pytest.mark.parametrize(
    ("part", "chance"),
    [
        ("", ""),
        (", percent: 20", " { rand(100) -m int lt 20 }"),
        (", fraction: {numerator: 1, denominator: 3}", " { rand(3) -m int lt 1 }"),
    ],
)
def test_copies_of_requests_are_sent_by_a_script_to_the_backend_of_the_mirror(part, chance):
    lines = done(MIRROR % part)
    (copied,) = [line for line in lines if "lua.mirror" in line]
    backend = copied.split()[2]
    assert backend.startswith("ns_v2_")
    assert copied == f"http-request lua.mirror {backend} if !{{ req.hdr(upgrade) -m found }}{chance}"
    plan = come_to(
        [gateway()], [http_route(f"[{{filters: [{MIRROR % part}], backendRefs: [{{name: web, port: 80}}]}}]")]
    ).plan
    assert backend in {each.name for each in plan.destinations()}
    assert "unix@/run/x/mirror.sock" in files(plan, "/run/x")["mirror.lua"]
    whole = written(
        [gateway()], [http_route(f"[{{filters: [{MIRROR % part}], backendRefs: [{{name: web, port: 80}}]}}]")]
    )
    assert "lua-load /run/x/mirror.lua" in whole
    assert "bind unix@/run/x/mirror.sock mode 600" in whole


def test_no_script_is_there_where_nothing_is_copied():
    assert not any("lua" in line or "mirror" in line for line in written([gateway()], [http_route()]))
    assert files(come_to([gateway()], [http_route()]).plan, "/run/x") == {}
    none = MIRROR % ", percent: 0"
    assert not any("lua" in line for line in done(none))


def test_questions_of_scripts_are_answered_before_the_request_is_changed():
    cors = (
        "{type: CORS, cors: {allowOrigins: ['https://a.example', 'http://*.b.example:8080'], allowMethods: [GET, PUT]}}"
    )
    rewrite = "{type: URLRewrite, urlRewrite: {hostname: c.example}}"
    lines = done(f"{rewrite}, {cors}")
    origins = r"reg '^https://a\.example(:443)?$' '^http://[^/:]*\.b\.example:8080$'"
    assert lines[0] == f"http-request set-var(txn.origin) req.hdr(origin) if {{ req.hdr(origin) -m {origins} }}"
    assert "hdr Access-Control-Allow-Methods 'GET, PUT' hdr Access-Control-Max-Age 5" in lines[1]
    assert lines[2].startswith("http-request return status 204 if { method OPTIONS }")
    assert (
        "http-response set-header Access-Control-Allow-Origin %[var(txn.origin)] if { var(txn.origin) -m found }"
        in lines
    )
    assert lines[-1] == "http-request set-header Host c.example"


def test_anything_that_may_be_asked_for_is_answered_with_what_was_asked_for():
    lines = done(
        "{type: CORS, cors: {allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'], allowCredentials: true}}"
    )
    assert lines[0].endswith("{ req.hdr(origin) -m found }")
    assert "Access-Control-Allow-Methods %[req.hdr(access-control-request-method)]" in lines[1]
    assert "Access-Control-Allow-Headers %[req.fhdr(access-control-request-headers)]" in lines[1]
    assert "Access-Control-Allow-Headers" not in lines[2]
    assert "Access-Control-Allow-Credentials true" in lines[2]


@pytest.mark.parametrize(("host", "strict"), [("a.example", True), ("'*.a.example'", False)])
def test_a_name_that_no_listener_has_is_refused_where_names_can_be_told(host, strict):
    (bind,) = [
        line for line in written([gateway(f"{{name: a, hostname: {host}, {HTTPS}}}")]) if line.startswith("bind")
    ]
    assert bind.endswith("strict-sni") is strict


def test_what_passes_through_shares_a_port_with_what_ends_here():
    edge = gateway(f"{{name: a, hostname: a.example, {HTTPS}}}", f"{{name: b, hostname: b.example, {PASS}}}")
    routes = [http_route(), route("TLSRoute", "[{backendRefs: [{name: web, port: 80}]}]")]
    lines = written([edge], routes)
    rules = [line for line in lines if line.startswith("tcp-request content set-var")]
    assert [(line.split("str(")[1][:8], line.split("-m str ")[-1]) for line in rules] == [
        ("ns_edge_", "a.example }"),
        ("ns_web_" + rules[1].split("ns_web_")[1][0], "b.example }"),
        ("nowhere)", "b.example }"),
    ]
    (inner,) = [line for line in lines if line.startswith("bind unix@")]
    (way,) = [line for line in lines if line.startswith("server in unix@")]
    assert inner.split()[1] == way.split()[2]


def test_http_2_and_timeouts_are_those_of_a_destination():
    rule = "[{timeouts: {request: 700ms}, backendRefs: [{name: h2c, port: 80}]}]"
    lines = written([gateway()], [http_route(rule)])
    assert "timeout server 700ms" in lines
    assert "server s1 127.0.0.1:1 disabled proto h2" in lines
