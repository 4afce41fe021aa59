"""Rules in definitions: compiled, and estimated, when they are written."""

import pytest

from podo.server.validation.crd.defaults import defaults
from podo.server.validation.crd.rules import compile_rules

PATH = "schema"


def complaints(spec, limits_rules=True):
    errs = []
    schema = {"type": "object", "properties": {"spec": spec}}
    compile_rules(errs, schema, PATH, limits_rules=limits_rules)
    return [f"{error.field.removeprefix(PATH)}: {error.kind}: {error.detail}" for error in errs]


def rule(text, **more):
    return {"x-kubernetes-validations": [{"rule": text} | more]}


SPEC = ".properties[spec].x-kubernetes-validations[0]"
INTEGER = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        (INTEGER | rule("self.b == 1"), f"{SPEC}.rule: Invalid value: compilation failed: ERROR: <input>:1:5: undefined field 'b'"),
        (INTEGER | rule("self.a"), f"{SPEC}.rule: Invalid value: cel expression must evaluate to a bool"),
        (INTEGER | rule("true", messageExpression="1"),
         f"{SPEC}.messageExpression: Invalid value: messageExpression must evaluate to a string"),
        (INTEGER | rule("true", messageExpression="nope"),
         f"{SPEC}.messageExpression: Invalid value: messageExpression compilation failed: ERROR: <input>:1:1: undeclared"),
        (INTEGER | rule("self.a == 1", optionalOldSelf=True),
         f"{SPEC}.optionalOldSelf: Invalid value: may not be set if oldSelf is not used in rule"),
        ({"x-kubernetes-preserve-unknown-fields": True} | rule("true"), ".properties[spec].x-kubernetes-validations: Internal error: "),
        ({"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 10} | rule("self == oldSelf")},
         ".properties[spec].items.x-kubernetes-validations[0].rule: Invalid value: oldSelf cannot be used on the "
         "uncorrelatable portion of the schema within schema.properties[spec]"),
    ],
)  # fmt: skip
def test_a_rule_is_refused(schema, complaint):
    found = complaints(schema)
    assert len(found) == 1
    assert found[0].startswith(complaint)


def listed(rules, **more):
    return {"type": "array", "items": {"type": "string"}, **more} | rules


@pytest.mark.parametrize(
    "schema",
    [
        listed(rule("self.all(x, x.size() > 0)"), maxItems=100),
        {"type": "string"} | rule("self.startsWith('a')"),
        listed(rule("self.size() < 5")),
        {"type": "object", "additionalProperties": {"type": "integer"} | rule("self > 3")},
    ],
)
def test_a_cheap_rule_passes(schema):
    assert complaints(schema) == []


def test_a_costly_rule_is_refused_with_how_much_too_costly_it_is():
    found = complaints(listed(rule("self.all(x, self.all(y, x == y))")))
    assert [text.split(" exceeds ")[0] for text in found] == [
        f"{SPEC}.rule: Forbidden: estimated rule cost",
        f"{SPEC}.rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
        ": Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
    ]  # fmt: skip
    assert "by factor of more than 100x (try simplifying the rule" in found[0]


def test_bounds_make_a_rule_cheap():
    text = {"type": "string", "maxLength": 10}
    bounded = {"type": "array", "maxItems": 100, "items": text} | rule("self.all(x, self.all(y, x == y))")
    assert complaints(bounded) == []


def test_a_rule_below_lists_counts_as_often_as_it_may_run():
    text = {"type": "string", "maxLength": 1000} | rule("self.contains('x')")
    assert complaints({"type": "array", "items": text, "maxItems": 10}) == []
    found = complaints({"type": "array", "items": text, "maxItems": 1_000_000})
    assert found[0].startswith(
        ".properties[spec].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost"
    )


def test_an_old_rule_may_stay_as_costly_as_it_is():
    text = {"type": "string", "maxLength": 1000} | rule("self.contains('x')")
    schema = {"type": "array", "items": text, "maxItems": 200_000}
    assert complaints(schema) != []
    assert complaints(schema, limits_rules=False) == []


@pytest.mark.parametrize(("default", "fits"), [(5, True), (1, False)])
def test_a_default_must_keep_the_rules(default, fits):
    errs = []
    field = {"type": "integer", "default": default} | rule("self > 3")
    defaults(errs, {"type": "object", "properties": {"a": field}}, PATH)
    assert [str(error) for error in errs] == (
        [] if fits else ["schema.properties[a].default: Invalid value: 1: failed rule: self > 3"]
    )
