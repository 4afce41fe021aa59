"""What a provider's claims make of a user, by claims and by CEL expressions. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from podo.cel import identity
from podo.cel.environment import Environment, Program
from podo.cel.types import DYN, Type, list_of
from podo.server.authentication.base import InvalidToken
from podo.server.authentication.configuration import JWT
from podo.server.authentication.configuration import Mapping as ClaimMapping
from podo.server.context import User
from podo.server.options import OptionError

Claims = Mapping[str, Any]


class Rules:
    """The rules of one provider, with its expressions compiled. Raises OptionError for those that are none."""

    def __init__(self, config: JWT) -> None:
        claims, users = identity.claims_environment(), identity.user_environment()
        mappings, lists = config.claim_mappings, (*identity.TEXT_OR_LIST, list_of(DYN), DYN)
        self._claim_rules = [
            (rule, _compiled(claims, rule.expression, "claimValidationRules", identity.CONDITION))
            for rule in config.claim_validation_rules
        ]
        self._user_rules = [
            (rule, _compiled(users, rule.expression, "userValidationRules", identity.CONDITION))
            for rule in config.user_validation_rules
        ]
        self._name, self._groups, self._uid = mappings.username, mappings.groups, mappings.uid
        self._name_program = _compiled(claims, mappings.username.expression, "claimMappings.username", identity.TEXT)
        self._groups_program = _compiled(claims, mappings.groups.expression, "claimMappings.groups", lists)
        self._uid_program = _compiled(claims, mappings.uid.expression, "claimMappings.uid", identity.TEXT)
        self._extra = [
            (extra.key, _compiled(claims, extra.value_expression, f"claimMappings.extra[{extra.key}]", lists))
            for extra in mappings.extra
        ]

    def user(self, claims: Claims) -> User:
        """Whom the claims name. Raises InvalidToken."""
        for rule, program in self._claim_rules:
            if program is not None:
                if _run(program, {"claims": claims}) is not True:
                    raise InvalidToken(rule.message or f"validation expression {rule.expression!r} failed")
            elif claims.get(rule.claim) != rule.required_value:
                raise InvalidToken(f"claim {rule.claim} is not {rule.required_value!r}")
        name = self._username(claims)
        groups = tuple(_strings(self._value(self._groups, self._groups_program, claims), "groups"))
        if self._groups.claim and self._groups.prefix:
            groups = tuple(f"{self._groups.prefix}{group}" for group in groups)
        uid = self._value(self._uid, self._uid_program, claims)
        if not isinstance(uid, str | None):
            raise InvalidToken("the uid is no string")
        extra = {}
        for key, program in self._extra:
            if program is not None and (values := tuple(_strings(_run(program, {"claims": claims}), key))):
                extra[key] = values
        user = User(name, uid or "", tuple(dict.fromkeys(groups)), extra)
        self._check(user)
        return user

    def _username(self, claims: Claims) -> str:
        name = self._value(self._name, self._name_program, claims)
        if not isinstance(name, str) or not name:
            raise InvalidToken("the claims have no user name")
        if self._name.claim == "email" and claims.get("email_verified", True) is not True:
            raise InvalidToken("oidc: email not verified")
        return f"{self._name.prefix or ''}{name}" if self._name.claim else name

    def _value(self, mapping: ClaimMapping, program: Program | None, claims: Claims) -> Any:
        return _run(program, {"claims": claims}) if program is not None else claims.get(mapping.claim)

    def _check(self, user: User) -> None:
        extra = {key: list(values) for key, values in user.extra.items()}
        shown = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": extra}
        for rule, program in self._user_rules:
            if program is not None and _run(program, {"user": shown}) is not True:
                raise InvalidToken(rule.message or f"validation expression {rule.expression!r} failed")


def _compiled(environment: Environment, expression: str, where: str, wanted: Sequence[Type]) -> Program | None:
    if not expression:
        return None
    try:
        return identity.compiled(environment, expression, wanted)
    except identity.IdentityError as error:
        raise OptionError(f"{where}: {expression!r}: {error}") from error


def _run(program: Program, variables: Mapping[str, Any]) -> Any:
    try:
        return identity.run(program, variables)
    except identity.IdentityError as error:
        raise InvalidToken(str(error)) from error


def _strings(value: Any, what: str) -> list[str]:
    """A string, a list of strings, or nothing, as a list without empty ones."""
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise InvalidToken(f"{what} must be a string or a list of strings")
    return [each for each in values if each]
