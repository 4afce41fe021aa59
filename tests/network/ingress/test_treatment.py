import pytest

from podo.network.ingress.routing import site_of
from podo.network.ingress.treating import server_options, treatment_lines
from podo.network.ingress.treatment import PLAIN, PREFIX, Treatment, asked_for
from tests.network.ingress.test_routing import SECRETS, SERVICES, ingress, rule


def asked(secure=False, **annotations):
    return asked_for({f"{PREFIX}{name.replace('_', '-')}": text for name, text in annotations.items()}, secure=secure)


def lines(**annotations):
    """What is done to requests."""
    found = asked(**annotations)
    assert found.problems == []
    return [line.strip() for line in treatment_lines(found.treatment)]


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [
        pytest.param({"rewrite_target": "/"}, ["http-request set-path /"], id="another path"),
        pytest.param({"upstream_vhost": "a.b"}, ["http-request set-header Host a.b"], id="another host"),
        pytest.param(
            {"proxy_body_size": "8m"},
            ["http-request deny deny_status 413 if { req.hdr_val(content-length) gt 8388608 }"],
            id="a limit of bodies",
        ),
        pytest.param({"proxy_body_size": "0"}, [], id="no limit"),
        pytest.param(
            {"proxy_connect_timeout": "5", "proxy_read_timeout": "3600", "proxy_send_timeout": "60s"},
            ["timeout connect 5s", "timeout server 3600s"],
            id="times",
        ),
        pytest.param(
            {"whitelist_source_range": "10.0.0.0/8, 192.0.2.1"},
            ["http-request deny deny_status 403 if !{ src 10.0.0.0/8 192.0.2.1/32 }"],
            id="who may ask",
        ),
        pytest.param(
            {"denylist_source_range": "fd00::/8"},
            ["http-request deny deny_status 403 if { src fd00::/8 }"],
            id="who may not",
        ),
        pytest.param(
            {"force_ssl_redirect": "true"},
            ["http-request redirect scheme https code 308 if !{ ssl_fc }"],
            id="HTTPS",
        ),
        pytest.param(
            {"permanent_redirect": "https://b.example$request_uri"},
            ["http-request redirect location 'https://b.example%[pathq]' code 301"],
            id="elsewhere for good",
        ),
        pytest.param(
            {"temporal_redirect": "/100%", "temporal_redirect_code": "307"},
            ["http-request redirect location /100%% code 307"],
            id="elsewhere for now",
        ),
        pytest.param(
            {"app_root": "/app"}, ["http-request redirect location /app code 302 if { path / }"], id="the root"
        ),
        pytest.param(
            {"affinity": "cookie", "session_cookie_name": "route"},
            ["cookie route insert indirect nocache httponly dynamic", "dynamic-cookie-key podo"],
            id="the same Pod",
        ),
        pytest.param({"ssl_redirect": "false", "rewrite_target": "", "affinity": ""}, [], id="nothing"),
    ],
)
def test_an_annotation_is_a_few_lines_of_the_backend(annotations, wanted):
    assert lines(**annotations) == wanted


def test_a_certificate_has_plain_requests_redirected_only_where_that_is_asked_for():
    assert asked(secure=True, ssl_redirect="true").treatment.https == 308
    assert asked(secure=True, rewrite_target="/").treatment.https == 0
    assert asked(ssl_redirect="true").treatment.https == 0


def test_scripts_of_other_origins_may_ask_as_with_ingress_nginx():
    usual = lines(enable_cors="true")
    assert usual[0].endswith("{ req.hdr(origin) -m found }")
    assert any("Access-Control-Max-Age 1728000" in line for line in usual)
    some = lines(enable_cors="true", cors_allow_origin="https://a.example, https://b.example", cors_max_age="60")
    assert r"'^https://b\.example(:443)?$'" in some[0]
    assert any("Access-Control-Max-Age 60" in line for line in some)


@pytest.mark.parametrize(
    ("protocol", "options"),
    [("HTTP", ""), ("HTTPS", " ssl verify none"), ("GRPC", " proto h2"), ("grpcs", " ssl verify none alpn h2")],
)
def test_pods_may_speak_other_protocols(protocol, options):
    assert server_options(asked(backend_protocol=protocol).treatment, http2=False) == options


def test_a_port_that_says_so_speaks_http_2_without_annotations():
    assert server_options(PLAIN, http2=True) == " proto h2"


@pytest.mark.parametrize(
    ("annotations", "problem"),
    [
        ({"auth_url": "http://auth"}, f"{PREFIX}auth-url is not supported"),
        ({"auth_type": "basic"}, f"{PREFIX}auth-type is not supported"),
        ({"whitelist_source_range": "10.0.0.0/8,office"}, f"{PREFIX}whitelist-source-range has no address: office"),
        ({"proxy_body_size": "much"}, f"{PREFIX}proxy-body-size is no number: much"),
        ({"affinity": "cookie", "session_cookie_name": "a b"}, f"{PREFIX}session-cookie-name is no name: a b"),
        ({"upstream_vhost": "a\nb"}, f"{PREFIX}upstream-vhost has control characters"),
    ],
)
def test_what_cannot_be_done_is_told(annotations, problem):
    assert asked(**annotations).problems == [problem]


def site(annotations, *paths):
    paths = paths or (("/", "Prefix", "web", {"number": 80}),)
    found = {f"{PREFIX}{name}": text for name, text in annotations.items()}
    return site_of([ingress(rule(*paths), annotations=found)], SERVICES.get, SECRETS.get)


def test_an_ingress_with_a_guard_that_is_not_there_lets_nobody_in():
    (route,) = site({"auth-url": "http://auth"}).hosts["a.example"]
    assert route.backend is None


def test_what_is_treated_has_a_backend_of_its_own():
    plain, treated = site({}), site({"proxy-read-timeout": "600"})
    names = [each.hosts["a.example"][0].backend.name for each in (plain, treated)]
    assert names[0] == "ns_web_http"
    assert names[1].startswith("ns_web_http_")
    assert names[1] == site({"proxy-read-timeout": "600"}).hosts["a.example"][0].backend.name


def test_paths_are_patterns_where_the_new_path_has_groups():
    number = {"number": 80}
    paths = ("/api(/|$)(.*)", "ImplementationSpecific", "web", number), ("/exact", "Exact", "web", number)
    first, second = site({"rewrite-target": "/$2"}, *paths).hosts["a.example"]
    assert (first.path, first.pattern, second.pattern) == ("/api(/|$)(.*)", True, False)
    rewrite = [line.strip() for line in treatment_lines(first.backend.treatment)]
    assert rewrite == [r"http-request replace-path '(?i)^(?:/api(/|$)(.*)).*$' '/\2'"]


def test_a_path_that_is_no_pattern_is_told():
    found = site({"use-regex": "true"}, ("/a(", "Prefix", "web", {"number": 80}))
    assert next(iter(found.problems.values())) == ["/a( is no regular expression"]
    assert found.hosts["a.example"] == []


def test_annotations_of_others_are_not_read():
    assert asked_for({"example.com/rewrite-target": "/"}, secure=True).treatment == Treatment()
