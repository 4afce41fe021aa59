"""The expressions that schemas hold (x-kubernetes-validations)."""

from podo.api.field_errors import invalid, not_supported, required
from podo.server.validation.crd.field_paths import PathError, find_field
from podo.server.validation.fields import Errors, Object

REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
BREAKS = set("\n\r")
ESCAPED = frozenset({"self", "oldSelf"})


def rules(errs: Errors, schema: Object, path: str, *, compiles: bool) -> None:
    """The rules of a schema; they are only compiled where all else is good."""
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        where = f"{path}.x-kubernetes-validations[{index}]"
        if not compiles:
            _rule(errs, rule, schema, where)
            continue
        continue


def _rule(errs: Errors, rule: Object, schema: Object, path: str) -> None:
    text, message, computed = (rule.get(key, "") for key in ("rule", "message", "messageExpression"))
    if not text.strip():
        errs.append(required(f"{path}.rule", "rule is not specified"))
    elif message and not message.strip():
        errs.append(invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif BREAKS & set(message.strip()):
        errs.append(invalid(f"{path}.message", message, "must not contain line breaks"))
    elif BREAKS & set(text.strip()) and not message.strip():
        errs.append(required(f"{path}.message", "message must be specified if rule contains line breaks"))
    if computed and not computed.strip():
        errs.append(required(f"{path}.messageExpression", "messageExpression must be non-empty if specified"))
    if "reason" in rule and rule["reason"] not in REASONS:
        errs.append(not_supported(f"{path}.reason", rule["reason"], REASONS))
    field, where = rule.get("fieldPath", ""), f"{path}.fieldPath"
    if field and not field.strip():
        errs.append(invalid(where, field, "must be non-empty if specified"))
    if BREAKS & set(field):
        errs.append(invalid(where, field, "must not contain line breaks"))
    if field:
        try:
            find_field(field, schema, keys=True)
        except PathError:
            errs.append(invalid(where, field, "must be a valid path"))
