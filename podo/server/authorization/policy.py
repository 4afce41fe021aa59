"""Roles and their bindings, in the form in which they are asked for: by the subjects whom they concern."""

from collections.abc import Iterator
from typing import NamedTuple

from podo.api.types.rbac_v1 import ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject
from podo.server.admission.lookup import typed
from podo.server.authentication.service_account import PREFIX
from podo.server.context import User
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.follow import Derived, Follower

GROUP = "rbac.authorization.k8s.io"
Who = tuple[str, str]
"""Kind (User, Group) and name; a service account is the user that it is."""


class Missing(NamedTuple):
    """Why a binding gives nothing."""

    why: str


class Grant(NamedTuple):
    """A rule, and how someone has come by it."""

    rule: PolicyRule
    source: str


class Policy:
    """All roles and bindings. `version` grows with each change that was taken in."""

    def __init__(self, cache: WatchCache, catalog: Catalog) -> None:
        self._cache = cache
        self._cluster_roles, self._roles = _Roles(ClusterRole), _Roles(Role)
        self._everywhere, self._in_namespaces = _Bindings(ClusterRoleBinding), _Bindings(RoleBinding)
        parts: dict[str, Derived] = {
            "clusterroles": self._cluster_roles,
            "roles": self._roles,
            "clusterrolebindings": self._everywhere,
            "rolebindings": self._in_namespaces,
        }
        self._followers = [Follower(cache, _prefix(catalog, plural), part) for plural, part in parts.items()]
        self.version = 0

    def catch_up(self) -> None:
        """Take in what has happened."""
        for follower in self._followers:
            self.version += follower.catch_up()

    async def settle(self) -> None:
        """Take in every write that was acknowledged before this call."""
        await self._cache.consistent()
        self.catch_up()

    def grants(self, user: User, namespace: str) -> Iterator[Grant | Missing]:
        """Each rule that holds for the user in a namespace ("": nowhere but everywhere), in order of bindings."""
        who: list[Who] = [("User", user.name), *(("Group", group) for group in user.groups)]
        for binding, subject in self._everywhere.of(who, ""):
            name = f'ClusterRoleBinding "{binding.metadata.name}"'
            yield from self._granted(
                binding.role_ref, "", f"{name} of {_ref(binding.role_ref)} to {_subject(subject, '')}"
            )
        if not namespace:
            return
        for binding, subject in self._in_namespaces.of(who, namespace):
            name = f'RoleBinding "{binding.metadata.name}/{namespace}"'
            source = f"{name} of {_ref(binding.role_ref)} to {_subject(subject, namespace)}"
            yield from self._granted(binding.role_ref, namespace, source)

    def _granted(self, ref: RoleRef | None, namespace: str, source: str) -> Iterator[Grant | Missing]:
        rules = self.rules_of(ref, namespace)
        if isinstance(rules, Missing):
            yield rules
            return
        for rule in rules:
            yield Grant(rule, source)

    def rules_of(self, ref: RoleRef | None, namespace: str) -> tuple[PolicyRule, ...] | Missing:
        """The rules of the role that a binding names."""
        kind, name = (ref.kind, ref.name) if ref else ("", "")
        if kind == "ClusterRole":
            found = self._cluster_roles.rules.get(name)
        elif kind == "Role":
            found = self._roles.rules.get(f"{namespace}/{name}")
        else:
            return Missing(f'unsupported role reference kind: "{kind}"')
        return Missing(f'{kind.lower()}.{GROUP} "{name}" not found') if found is None else found


def _prefix(catalog: Catalog, plural: str) -> str:
    served = catalog.by_path(GROUP, "v1", plural)
    assert served is not None
    return served.stored.prefix


def _ref(ref: RoleRef | None) -> str:
    return f'{ref.kind} "{ref.name}"' if ref else ""


def _subject(subject: Subject, namespace: str) -> str:
    if subject.kind == "ServiceAccount":
        return f'{subject.kind} "{subject.name}/{subject.namespace or namespace}"'
    return f'{subject.kind} "{subject.name}"'


class _Roles:
    """Rules by the keys of roles."""

    def __init__(self, cls: type[ClusterRole] | type[Role]) -> None:
        self._cls = cls
        self.rules: dict[str, tuple[PolicyRule, ...]] = {}

    def clear(self) -> None:
        self.rules.clear()

    def change(self, previous: Entry | None, current: Entry | None) -> None:
        if current is not None:
            self.rules[current.key] = typed(current, self._cls).rules
        elif previous is not None:
            self.rules.pop(previous.key, None)


Binding = ClusterRoleBinding | RoleBinding


class _Bindings:
    """Bindings by namespace and subject."""

    def __init__(self, cls: type[ClusterRoleBinding] | type[RoleBinding]) -> None:
        self._cls = cls
        self._by_subject: dict[tuple[str, Who], dict[str, Binding]] = {}

    def clear(self) -> None:
        self._by_subject.clear()

    def change(self, previous: Entry | None, current: Entry | None) -> None:
        if previous is not None:
            for who in self._concerned(previous):
                found = self._by_subject.get((previous.namespace, who))
                if found is not None:
                    found.pop(previous.key, None)
                    if not found:
                        del self._by_subject[previous.namespace, who]
        if current is not None:
            for who in self._concerned(current):
                self._by_subject.setdefault((current.namespace, who), {})[current.key] = typed(current, self._cls)

    def _concerned(self, entry: Entry) -> set[Who]:
        subjects = typed(entry, self._cls).subjects
        return {who for subject in subjects if (who := _who(subject, entry.namespace)) is not None}

    def of(self, who: list[Who], namespace: str) -> list[tuple[Binding, Subject]]:
        """The bindings that concern one of `who`, in order of their names, with the subject by which they do."""
        found: dict[str, Binding] = {}
        for one in who:
            found |= self._by_subject.get((namespace, one), {})
        wanted = set(who)
        return [
            (binding, next(s for s in binding.subjects if _who(s, namespace) in wanted))
            for _, binding in sorted(found.items(), key=lambda pair: pair[0])
        ]


def _who(subject: Subject, namespace: str) -> Who | None:
    if subject.kind != "ServiceAccount":
        return subject.kind, subject.name
    place = subject.namespace or namespace
    return ("User", f"{PREFIX}{place}:{subject.name}") if place else None
