"""The libraries of Kubernetes, function by function."""

from collections.abc import Callable
from typing import Any

import pytest

from podo.api.quantity import FORMAT_MESSAGE
from podo.cel.environment import Environment
from podo.cel.errors import EvalError
from podo.cel.library.authorization import AUTHORIZER, Authorizer, Check, Decided


@pytest.mark.parametrize(
    "source",
    [
        "'tacocat'.charAt(3) == 'o' && 'tacocat'.indexOf('c') == 2 && 'tacocat'.lastIndexOf('c') == 4",
        "'hello mellow'.indexOf('ello', 2) == 7 && 'hello mellow'.lastIndexOf('ello', 6) == 1",
        "'TaCo'.lowerAscii() == 'taco' && 'TaCoÆ'.upperAscii() == 'TACOÆ'",
        "'hello hello'.replace('he', 'we') == 'wello wello' && 'aaa'.replace('a', 'b', 1) == 'baa'",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'abc'.split('').size() == 3",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && '  a '.trim() == 'a'",
        "['a', 'b'].join() == 'ab' && ['a', 'b'].join('-') == 'a-b'",
        "strings.quote('a\"b') == '\"a\\\\\"b\"'",
        "'%s %d %f %x %b %o %X'.format(['a', 1, 1.5, 255, 5, 8, 'hi']) == 'a 1 1.500000 ff 101 10 6869'",
        "'%s'.format([[1, 'a', {'k': 2.0}]]) == '[1, \"a\", {\"k\":2.000000}]' && '%.2f%%'.format([1.0]) == '1.00%'",
        "'%s %s'.format([duration('1m'), null]) == '60s null'",
        "'abc 123'.find('[0-9]+') == '123' && '12 34'.findAll('[0-9]+') == ['12', '34']",
        "'1 2 3'.findAll('[0-9]', 2) == ['1', '2'] && 'x'.find('y') == ''",
        "[1, 2, 2].isSorted() && [1, 3].sum() == 4 && [1.5, 2.0].max() == 2.0 && ['b', 'a'].min() == 'a'",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [duration('1s')].sum() == duration('1s')",
        "[1, 2, 3, 4].slice(1, 3) == [2, 3] && [[1], [2, 3]].flatten() == [1, 2, 3]",
        "[3, 1, 2].sort() == [1, 2, 3] && ['bb', 'a'].sortBy(e, size(e)) == ['a', 'bb']",
        "lists.range(3) == [0, 1, 2] && [1, 2].reverse() == [2, 1] && [1, 1, 2].distinct() == [1, 2]",
        "sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2])",
        "!sets.contains([1], [2]) && !sets.intersects([1], [2]) && sets.contains(['a'], [])",
        "url('https://user:pw@example.com:80/a%20b?k=1&k=2').getHost() == 'example.com:80'",
        "url('https://[::1]:80/').getHostname() == '::1' && url('https://example.com/').getPort() == ''",
        "url('https://example.com/a?k=1&k=2').getQuery() == {'k': ['1', '2']}",
        "url('/path').getEscapedPath() == '/path'",
        "url('https://example.com').getScheme() == 'https' && isURL('/a') && !isURL('../a') && !isURL('https://a:b')",
        "ip('127.0.0.1').family() == 4 && ip('::1').isLoopback() && ip('0.0.0.0').isUnspecified()",
        "isIP('10.0.0.1') && !isIP('010.0.0.1') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%en0')",
        "ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1') && string(ip('10.0.0.1')) == '10.0.0.1'",
        "ip('10.0.0.1').isGlobalUnicast() && ip('169.254.1.1').isLinkLocalUnicast()",
        "ip('224.0.0.1').isLinkLocalMulticast()",
        "cidr('10.0.0.0/8').containsIP('10.1.1.1') && cidr('10.0.0.0/8').containsIP(ip('10.1.1.1'))",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.0.0.0/8').containsCIDR(cidr('11.0.0.0/9'))",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8",
        "cidr('10.1.2.3/8').ip() == ip('10.1.2.3') && !isCIDR('10.0.0.0/33') && string(cidr('::/0')) == '::/0'",
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1000m') == quantity('1')",
        "quantity('1k').add(quantity('1')).asInteger() == 1001 && quantity('5').sub(2).asApproximateFloat() == 3.0",
        "isQuantity('1.3Gi') && !isQuantity('1,3G') && quantity('-1').isLessThan(quantity('0'))",
        "sign(quantity('-1')) == -1",
        "quantity('1').compareTo(quantity('2')) == -1 && quantity('50k').isInteger() && !quantity('0.5').isInteger()",
        "semver('1.2.3-rc.1').isLessThan(semver('1.2.3')) && semver('1.10.0').isGreaterThan(semver('1.9.0'))",
        "semver('v1.2', true).patch() == 0 && isSemver('1.2.3') && !isSemver('v1.2.3') && semver('2.0.0').major() == 2",
        "!format.dns1123Label().validate('my-label').hasValue() && format.dns1123Label().validate('Bad_').hasValue()",
        "format.named('uuid').value().validate('123e4567-e89b-12d3-a456-426614174000') == optional.none()",
        "!format.named('nothing').hasValue() && format.date().validate('2021-13-01').hasValue()",
        "!format.dns1123LabelPrefix().validate('my-prefix-').hasValue() && format.byte().validate('!').hasValue()",
        "jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'",
    ],
)  # fmt: skip
def test_it_is_true(source: str, value: Callable[[str], Any]) -> None:
    assert value(source) is True


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("'abc'.charAt(9)", "index out of range: 9"),
        ("'abc'.substring(2, 1)", "invalid substring range. start: 2, end: 1"),
        ("'%o'.format(['a'])", "error during formatting: octal clause can only be used on integers, was given string"),
        ("'%s'.format([])", "index 0 out of range"),
        ("dyn([]).max()", "max called on empty list"),
        ("[1].slice(0, 2)", "cannot slice(0, 2), list is length 1"),
        ("ip('::ffff:1.2.3.4')", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'),
        ("quantity('Three')", FORMAT_MESSAGE),
        ("semver('v1.0.0')", 'Invalid character(s) found in major number "v1"'),
    ],
)  # fmt: skip
def test_it_fails_when_run(source: str, fault: str, value: Callable[[str], Any]) -> None:
    with pytest.raises(EvalError) as caught:
        value(source)
    assert str(caught.value) == fault


@pytest.fixture(scope="module")
def guarded() -> Environment:
    return Environment({"authorizer": AUTHORIZER})


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("authorizer.path('/healthz').check('get').allowed()", Check(verb="get", path="/healthz")),
        (
            "authorizer.group('apps').resource('deployments').subresource('scale').namespace('ns').name('n')"
            ".fieldSelector('a=b').labelSelector('c').check('update').allowed()",
            Check(
                verb="update", group="apps", resource="deployments", subresource="scale", namespace="ns", name="n",
                field_selector="a=b", label_selector="c",
            ),
        ),
        (
            "authorizer.serviceAccount('ns', 'robot').group('').resource('pods').check('get').allowed()",
            Check(account=("ns", "robot"), verb="get", resource="pods"),
        ),
    ],
)  # fmt: skip
def test_the_authorizer_is_asked_what_the_expression_says(source: str, asked: Check, guarded: Environment) -> None:
    heard: list[Check] = []

    def decide(check: Check) -> Decided:
        heard.append(check)
        return Decided(allowed=True, reason="because")

    assert guarded.compile(source).run({"authorizer": Authorizer(decide)}).value is True
    assert heard == [asked]


def test_three_checks_cost_more_than_one_run_may(guarded: Environment) -> None:
    check = "authorizer.path('/a').check('get').allowed()"
    program = guarded.compile(" && ".join([check] * 2))
    assert program.run({"authorizer": Authorizer(lambda _: Decided(allowed=True))}).cost > 700_000
