"""URLs as Go reads a request URI: what is one, and what it consists of."""

import pytest

from podo.cel.errors import EvalError
from podo.cel.library.urls import escaped_path, host, hostname, parse_url, port, query


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty url"),
        ("a\x07b", "net/url: invalid control character in URL"),
        (":a", "missing protocol scheme"),
        ("#%blah$#@", "invalid URI for request"),
        ("../a", "invalid URI for request"),
        ("http://#%blah$#@", "net/url: invalid userinfo"),
        ("http://a b@c", "net/url: invalid userinfo"),
        ("http://a b", 'invalid character " " in host name'),
        ("http://a#b", 'invalid character "#" in host name'),
        ("http://a%zz/", 'invalid URL escape "%zz"'),
        ("http://a%41/", 'invalid URL escape "%41"'),
        ("http://h/%zz", 'invalid URL escape "%zz"'),
        ("http://h:b/", 'invalid port ":b" after host'),
        ("http://::1/", 'invalid port "::1" after host'),
        ("http://[::1", "missing ']' in host"),
        ("http://[::1]x", 'invalid port "x" after host'),
        ("http://[1.2.3.4]/", "invalid host: ParseAddr: unable to parse IP"),
    ],
)
def test_what_is_no_url(text, fault):
    with pytest.raises(EvalError) as refused:
        parse_url(text)
    assert str(refused.value) == f'URL parse error during conversion from string: parse "{text}": {fault}'


@pytest.mark.parametrize(
    ("text", "whole", "name", "number"),
    [
        ("HTTPS://u:p@H.example:80/", "H.example:80", "H.example", "80"),
        ("http://h:/", "h:", "h", ""),
        ("http://[::1]:80/", "[::1]:80", "::1", "80"),
        ("http://[fe80::1%25eth0]/", "[fe80::1%eth0]", "fe80::1%eth0", ""),
        ("http://%C3%A4/", "ä", "ä", ""),
        ("mailto:a", "", "", ""),
        ("https:", "", "", ""),
        ("/a", "", "", ""),
    ],
)
def test_hosts_and_ports(text, whole, name, number):
    url = parse_url(text)
    assert (host(url), hostname(url), port(url)) == (whole, name, number)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("http://h", ""),
        ("http://h/a%20b", "/a%20b"),
        ("http://h/a b", "/a%20b"),
        ("http://h/%7e a", "/~%20a"),
        ("http://h/ä", "/%C3%A4"),
        ("http://h/(a)!*", "/(a)!*"),
        ("http://h/a#b?c", "/a%23b"),
        ("*", "*"),
    ],
)
def test_paths_are_kept_as_they_were_written_where_that_is_good(text, path):
    assert escaped_path(parse_url(text)) == path


def test_pairs_of_a_query_that_are_none_are_left_out():
    assert query(parse_url("/?a=1&a=2&b&c=1;2&d=%zz&&e=x+y%21")) == {"a": ["1", "2"], "b": [""], "e": ["x y!"]}
