"""Acting as someone else by the headers `Impersonate-…`: by the old verb, or by constrained modes (KEP-5284)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from podo.api import names
from podo.api.errors import BadRequest, Forbidden
from podo.api.field_errors import FieldError, aggregate
from podo.server.authentication.service_account import EXTRA, GROUP, PREFIX
from podo.server.authorization.base import Attempt, Authorizer, Verdict, forbidden
from podo.server.authorization.union import MASTERS
from podo.server.context import ANONYMOUS, User
from podo.server.validation.domain_path import domain_path

USER, UID, GROUPS, EXTRAS = "impersonate-user", "impersonate-uid", "impersonate-group", "impersonate-extra-"
NODE_PREFIX, NODES = "system:node:", "system:nodes"
AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
AUTHENTICATION = "authentication.k8s.io"
REMEMBERED = 10_000


class Headers(Protocol):
    """What a request says, in order, names as they came."""

    def items(self) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True)
class Wanted:
    """Whom a request wants to act as, as the headers say it."""

    name: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def only_name(self) -> bool:
        """Whether nothing but the name is said."""
        return not (self.uid or self.groups or self.extra)


def wanted_of(headers: Headers) -> Wanted | None:
    """Whom the headers name; None if they do not. Raises BadRequest for the rest of a user without a name."""
    found = [(name.lower(), value) for name, value in headers.items() if name[:12].lower() == "impersonate-"]
    if not found:
        return None
    name = next((value for key, value in found if key == USER), "")
    uid = next((value for key, value in found if key == UID), "")
    groups = tuple(value for key, value in found if key == GROUPS)
    extra: dict[str, tuple[str, ...]] = {}
    for key, value in found:
        if key.startswith(EXTRAS):
            label = unquote(key.removeprefix(EXTRAS))
            extra[label] = (*extra.get(label, ()), value)
    wanted = Wanted(name, uid, groups, extra)
    if name:
        return wanted
    if wanted.only_name:
        return None
    raise BadRequest(f"requested {_go(wanted)} without impersonating a user name")


def _go(wanted: Wanted) -> str:
    """As Go prints the struct."""

    def strings(values: Iterable[str]) -> str:
        return "[]string{" + ", ".join(f'"{value}"' for value in values) + "}"

    groups = strings(wanted.groups) if wanted.groups else "[]string(nil)"
    extra = "map[string][]string(nil)"
    if wanted.extra:
        pairs = (f'"{key}":{strings(values)}' for key, values in sorted(wanted.extra.items()))
        extra = "map[string][]string{" + ", ".join(pairs) + "}"
    return f'&user.DefaultInfo{{Name:"{wanted.name}", UID:"{wanted.uid}", Groups:{groups}, Extra:{extra}}}'


class Acting(NamedTuple):
    """The user that a request acts as, and the verb that allowed it; "": the old one."""

    user: User
    constraint: str


class Impersonation:
    """Decides who a request acts as. The mode that served a user last is tried first."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._last: dict[str, Mode] = {}

    async def resolve(self, wanted: Wanted, attempt: Attempt) -> "Acting":
        """Whom to act as; `attempt` is what the real user wants to do then. Raises Forbidden."""
        last = self._last.get(attempt.user.name)
        first: Forbidden | None = None
        for mode in sorted(MODES, key=lambda mode: mode is not last):
            if not mode.fits(wanted, attempt.user):
                continue
            try:
                user = await self._as(mode, wanted, attempt)
            except Forbidden as error:
                first = first or error
                continue
            if len(self._last) >= REMEMBERED:
                self._last.clear()
            self._last[attempt.user.name] = mode
            return Acting(user, mode.verb if mode.name else "")
        assert first is not None  # the old mode fits everyone
        raise first

    async def _as(self, mode: "Mode", wanted: Wanted, attempt: Attempt) -> User:
        if mode.name:
            await self._check(attempt._replace(verb=f"impersonate-on:{mode.name}:{attempt.verb}"))
        for need in needs(mode, wanted, attempt.user):
            await self._check(need)
        return acting(mode, wanted)

    async def _check(self, attempt: Attempt) -> None:
        decision = await self._authorizer.authorize(attempt)
        if decision.verdict is not Verdict.ALLOW:
            raise forbidden(attempt, decision.reason)


@dataclass(frozen=True)
class Mode:
    """A way to act as others; the old one has no name. `fits` says whom it is for."""

    name: str
    fits: Callable[[Wanted, User], bool]

    @property
    def verb(self) -> str:
        return f"impersonate:{self.name}" if self.name else "impersonate"


def node_name(user: str) -> str:
    """The node that a user name names, "" for others."""
    node = user.removeprefix(NODE_PREFIX)
    return node if node != user and not names.dns1123_subdomain(node) else ""


def account_of(user: str) -> tuple[str, str] | None:
    """(namespace, name) of the account that a user name names."""
    namespace, colon, name = user.removeprefix(PREFIX).partition(":")
    good = user.startswith(PREFIX) and colon and not names.dns1123_label(namespace)
    return (namespace, name) if good and not names.dns1123_subdomain(name) else None


def _own_node(wanted: Wanted, user: User) -> bool:
    node = node_name(wanted.name)
    own = user.extra.get(f"{EXTRA}node-name", ())
    return bool(node) and wanted.only_name and account_of(user.name) is not None and tuple(own) == (node,)


MODES = (
    Mode("associated-node", _own_node),
    Mode("arbitrary-node", lambda wanted, _: wanted.only_name and bool(node_name(wanted.name))),
    Mode("serviceaccount", lambda wanted, _: wanted.only_name and account_of(wanted.name) is not None),
    Mode("user-info", lambda wanted, _: not node_name(wanted.name) and account_of(wanted.name) is None),
    Mode("", lambda wanted, user: True),
)


def needs(mode: Mode, wanted: Wanted, user: User) -> Iterator[Attempt]:
    """What `user` must be allowed, to act so. Raises Forbidden for what no constrained mode allows."""
    group, version = (AUTHENTICATION, "v1") if mode.name else ("", "v1")
    named = Attempt(user, mode.verb, group, version)
    node, account = node_name(wanted.name), account_of(wanted.name)
    if mode.name and node:
        yield named._replace(resource="nodes", name="*" if mode.name == "associated-node" else node)
    elif account is not None:
        yield named._replace(resource="serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield named._replace(resource="users", name=wanted.name)
    detailed = Attempt(user, mode.verb, AUTHENTICATION, "v1")
    if wanted.uid:
        yield detailed._replace(resource="uids", name=wanted.uid)
    for name in wanted.groups:
        attempt = named._replace(resource="groups", name=name)
        if mode.name and name in ("", MASTERS):
            which = name or "empty string"
            raise forbidden(attempt, f"impersonating the {which} group is not allowed")
        yield attempt
    for key, values in wanted.extra.items():
        if mode.name and (fault := _extra_fault(key, values)):
            raise forbidden(detailed._replace(resource="userextras"), fault)
        for value in values:
            yield detailed._replace(resource="userextras", subresource=key, name=value)


def _extra_fault(key: str, values: tuple[str, ...]) -> str:
    """Why a constrained mode does not allow an extra at all; "" if it may."""
    if not key:
        return "impersonating the empty string key in extra is not allowed"
    errors: list[FieldError] = []
    domain_path(errors, "extra.key", key)
    if errors:
        return f"impersonating an invalid key in extra is not allowed: {aggregate(errors)}"
    if key != key.lower():
        return f'impersonating a non-lowercase key in extra is not allowed: "{key}"'
    return "impersonating the empty string value in extra is not allowed" if "" in values else ""


def acting(mode: Mode, wanted: Wanted) -> User:
    """The user that a request acts as."""
    groups = wanted.groups
    account = account_of(wanted.name)
    if mode.name and node_name(wanted.name):
        groups = (NODES,)
    elif account is not None and not groups:
        groups = (GROUP, f"{GROUP}:{account[0]}")
    extra = UNAUTHENTICATED if wanted.name == ANONYMOUS.name else AUTHENTICATED
    if extra not in groups and not (extra == AUTHENTICATED and UNAUTHENTICATED in groups):
        groups = (*groups, extra)
    return User(wanted.name, wanted.uid, groups, wanted.extra)
