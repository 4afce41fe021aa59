"""Rules of schemas on objects: transitions, messages, ratcheting, budgets."""

import pytest

from podo.server.customresources.rules.checking import checks_of
from podo.server.customresources.schema.correlation import Correlated
from podo.server.customresources.schema.structural import Structural


def schema(spec, *rules, **more):
    root = {"type": "object", "properties": {"spec": {"type": "object", "properties": spec} | more}}
    if rules:
        root["properties"]["spec"]["x-kubernetes-validations"] = [
            rule if isinstance(rule, dict) else {"rule": rule} for rule in rules
        ]
    return Structural(root)


def findings(node, spec, old=None):
    obj = {"apiVersion": "x.y/v1", "kind": "X", "metadata": {"name": "x"}, "spec": spec}
    before = None if old is None else obj | {"spec": old}
    correlated = None if before is None else Correlated(obj, before, node)
    checks = checks_of(node)
    assert checks is not None
    return checks.run(obj, before, correlated)


def errors(node, spec, old=None):
    return [str(error) for error in findings(node, spec, old).errors]


EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {}}
INTEGER, STRING = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("properties", "rule", "good", "bad"),
    [
        ({"a": INTEGER, "b": INTEGER}, "self.a <= self.b", {"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ({"a": STRING}, "has(self.a)", {"a": ""}, {}),
        ({"a": {"type": "string", "format": "date-time"}}, "self.a < timestamp('2024-01-01T00:00:00Z')",
         {"a": "2023-01-01T00:00:00Z"}, {"a": "2025-01-01T00:00:00Z"}),
        ({"a": {"type": "string", "format": "duration"}}, "self.a > duration('1h')", {"a": "2h"}, {"a": "1m"}),
        ({"a": {"type": "string", "format": "byte"}}, "size(self.a) == 2", {"a": "QUI="}, {"a": "QUJD"}),
        ({"a": {"type": "number"}}, "self.a / 2.0 == 1.5", {"a": 3}, {"a": 4}),
        ({"a-b": INTEGER, "namespace": STRING}, "self.a__dash__b == 1 && self.__namespace__ == 'x'",
         {"a-b": 1, "namespace": "x"}, {"a-b": 2, "namespace": "x"}),
        ({"a": {"x-kubernetes-int-or-string": True}}, "type(self.a) == int ? self.a < 5 : self.a == '5%'",
         {"a": "5%"}, {"a": 6}),
        ({"m": {"type": "object", "additionalProperties": INTEGER}}, "self.m.all(k, self.m[k] > 0)",
         {"m": {"x": 1}}, {"m": {"x": -1}}),
        ({"l": {"type": "array", "x-kubernetes-list-type": "set", "items": STRING}}, "self.l == ['a', 'b']",
         {"l": ["b", "a"]}, {"l": ["a"]}),
        ({"e": EMBEDDED}, "self.e.metadata.name != ''",
         {"e": {"kind": "K", "metadata": {"name": "n"}}}, {"e": {"kind": "K", "metadata": {"name": ""}}}),
        ({"n": {"type": "string", "nullable": True}}, "!has(self.n)", {"n": None}, {"n": "x"}),
    ],
)  # fmt: skip
def test_a_rule_tells_good_from_bad(properties, rule, good, bad):
    node = schema(properties, rule)
    assert errors(node, good) == []
    assert errors(node, bad) == [f"spec: Invalid value: failed rule: {rule}"]


def test_the_root_knows_its_name():
    root = {"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name != 'x'", "message": "no x"}]}
    node = Structural(root)
    assert errors(node, {}) == ["<nil>: Invalid value: no x"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"message": " be good "}, "spec: Invalid value: be good"),
        ({"messageExpression": "'got ' + self.a"}, "spec: Invalid value: got v"),
        ({"messageExpression": "''", "message": "m"}, "spec: Invalid value: m"),
        ({"messageExpression": "self.none", "message": "m"}, "spec: Invalid value: m"),
        ({"reason": "FieldValueForbidden", "message": "m"}, "spec: Forbidden: m"),
        ({"reason": "FieldValueRequired", "message": "m"}, "spec: Required value: m"),
        ({"fieldPath": ".a", "message": "m"}, "spec.a: Invalid value: m"),
        ({"rule": "self.a == 'v' ? 1 / 0 == 1 : true"}, "division by zero evaluating rule: "),
    ],
)
def test_what_a_broken_rule_says(rule, said):
    node = schema({"a": STRING, "none": STRING}, {"rule": "self.a != 'v'"} | rule)
    (found,) = errors(node, {"a": "v"})
    assert said in found


def test_a_scalar_is_shown():
    node = schema({"a": STRING | {"x-kubernetes-validations": [{"rule": "self != 'x'", "message": "no"}]}})
    assert errors(node, {"a": "x"}) == ['spec.a: Invalid value: "x": no']


def test_a_transition_is_judged_only_where_there_was_something():
    node = schema({"a": STRING | {"x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "stays"}]}})
    assert errors(node, {"a": "x"}) == []
    assert errors(node, {"a": "y"}, {}) == []
    assert errors(node, {"a": "y"}, {"a": "x"}) == ['spec.a: Invalid value: "y": stays']


def test_an_optional_old_self_is_judged_always():
    rule = {"rule": "oldSelf.hasValue() || self.a == 'first'", "optionalOldSelf": True, "message": "begin with first"}
    node = schema({"a": STRING}, rule)
    assert errors(node, {"a": "x"}) == ["spec: Invalid value: begin with first"]
    assert errors(node, {"a": "first"}) == []
    assert errors(node, {"a": "x"}, {"a": "first"}) == []


def test_elements_of_a_list_are_told_by_their_keys():
    item = {"type": "object", "properties": {"k": STRING, "v": STRING | {"x-kubernetes-validations": [
        {"rule": "self == oldSelf", "message": "v stays"}]}}}  # fmt: skip
    rows = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    node = schema({"rows": rows})
    old = {"rows": [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}]}
    assert errors(node, {"rows": [{"k": "b", "v": "2"}, {"k": "a", "v": "1"}]}, old) == []
    assert errors(node, {"rows": [{"k": "b", "v": "3"}, {"k": "c", "v": "9"}]}, old) == [
        'spec.rows[0].v: Invalid value: "3": v stays'
    ]


def test_what_was_wrong_before_is_only_warned_of():
    node = schema({"a": STRING | {"x-kubernetes-validations": [{"rule": "self != 'x'", "message": "no"}]}, "b": STRING})
    found = findings(node, {"a": "x", "b": "new"}, {"a": "x", "b": "old"})
    assert found.errors == []
    assert found.warnings == ['spec.a: Invalid value: "x": no']


def test_rules_of_an_all_of_apply():
    node = schema({"a": INTEGER}, allOf=[{"properties": {"a": {"x-kubernetes-validations": [{"rule": "self > 3"}]}}}])
    assert errors(node, {"a": 1}) == ["spec.a: Invalid value: 1: failed rule: self > 3"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("self.l.all(a, self.l.all(b, self.l.all(c, a + b + c != '')))", "due to call cost exceeds limit for rule"),
        ("self.l.all(a, self.l.all(b, a != '' || b != ''))", "running out of cost budget"),
    ],
)
def test_rules_that_cost_too_much_are_stopped(rule, said):
    rows = {"type": "array", "items": STRING}
    rules = {"x-kubernetes-validations": [{"rule": rule}]}
    inner = {"type": "array", "items": {"type": "object", "properties": {"l": rows}} | rules}
    node = schema({"many": inner})
    found = errors(node, {"many": [{"l": ["a"] * 320}] * 30})
    assert len(found) == 1
    assert said in found[0]
