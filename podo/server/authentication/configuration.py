"""AuthenticationConfiguration: which identity providers are believed, and who may be anonymous.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from podo.server.configuration_file import read
from podo.server.options import GuardOptions, OptionError

KIND = "AuthenticationConfiguration"


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What cannot have fields that it does not know."""


class IssuerPart(_Part, frozen=True, kw_only=True):
    """An identity provider. `certificateAuthority` is PEM; "" trusts what the machine trusts."""

    url: str
    discovery_url: str = msgspec.field(default="", name="discoveryURL")
    certificate_authority: str = ""
    audiences: tuple[str, ...] = ()
    audience_match_policy: str = ""
    egress_selector_type: str = ""


class ClaimRule(_Part, frozen=True, kw_only=True):
    """What a token must say: a claim with a value, or a CEL expression over `claims` that is true."""

    claim: str = ""
    required_value: str = ""
    expression: str = ""
    message: str = ""


class Mapping(_Part, frozen=True, kw_only=True):
    """Where a value comes from: a claim (with a prefix put before it), or a CEL expression over `claims`."""

    claim: str = ""
    prefix: str | None = None
    expression: str = ""


class ExtraMapping(_Part, frozen=True, kw_only=True):
    """One key of a user's extra."""

    key: str
    value_expression: str


class Mappings(_Part, frozen=True, kw_only=True):
    """What a token's claims make of its user."""

    username: Mapping = Mapping()
    groups: Mapping = Mapping()
    uid: Mapping = Mapping()
    extra: tuple[ExtraMapping, ...] = ()


class UserRule(_Part, frozen=True, kw_only=True):
    """What must be true of a user: a CEL expression over `user`."""

    expression: str
    message: str = ""


class JWT(_Part, frozen=True, kw_only=True):
    """One provider, with how its tokens are read."""

    issuer: IssuerPart
    claim_validation_rules: tuple[ClaimRule, ...] = ()
    claim_mappings: Mappings = Mappings()
    user_validation_rules: tuple[UserRule, ...] = ()


class AnonymousPath(_Part, frozen=True, kw_only=True):
    """A path that may be asked for without credentials."""

    path: str


class Anonymous(_Part, frozen=True, kw_only=True):
    """Who shows nothing is anonymous: everywhere, or (with conditions) on these paths alone."""

    enabled: bool = False
    conditions: tuple[AnonymousPath, ...] = ()


EVERYWHERE, NOWHERE = Anonymous(enabled=True), Anonymous()


class Configuration(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The file. `anonymous` None: as the flag --anonymous-auth says."""

    kind: str
    api_version: str
    jwt: tuple[JWT, ...] = ()
    anonymous: Anonymous | None = None


def configuration(options: GuardOptions) -> tuple[tuple[JWT, ...], Anonymous]:
    """Providers, and who may be anonymous, by the file or by flags. Raises OptionError, OSError.

    Where everything is allowed to everyone, the flag lets nobody be anonymous, as in Kubernetes.
    """
    allows_all = "AlwaysAllow" in options.authorization_mode.split(",")
    anonymous = EVERYWHERE if options.anonymous_auth and not allows_all else NOWHERE
    if not options.authentication_config:
        return by_flags(options), anonymous
    if options.oidc_issuer_url:
        raise OptionError("--authentication-config and --oidc-… say the same thing: give one of them")
    found = load(Path(options.authentication_config))
    return found.jwt, found.anonymous or anonymous


def by_flags(options: GuardOptions) -> tuple[JWT, ...]:
    """The provider of the flags --oidc-…, if there is one. Raises OptionError, OSError."""
    url = options.oidc_issuer_url
    if not url:
        return ()
    claim, prefix = options.oidc_username_claim, options.oidc_username_prefix
    if not prefix and claim != "email":
        prefix = f"{url}#"
    rules = []
    for pair in filter(None, options.oidc_required_claim.split(",")):
        name, _, value = pair.partition("=")
        rules.append(ClaimRule(claim=name, required_value=value))
    authority = Path(options.oidc_ca_file).read_text(encoding="utf-8") if options.oidc_ca_file else ""
    groups = Mapping(claim=options.oidc_groups_claim, prefix=options.oidc_groups_prefix)
    found = JWT(
        issuer=IssuerPart(url=url, certificate_authority=authority, audiences=(options.oidc_client_id,)),
        claim_validation_rules=tuple(rules),
        claim_mappings=Mappings(
            username=Mapping(claim=claim, prefix="" if prefix == "-" else prefix),
            groups=groups if groups.claim else Mapping(),
        ),
    )
    if problems := list(_problems(found, "--oidc")):
        raise OptionError("; ".join(problems))
    return (found,)


def load(path: Path) -> Configuration:
    """The file's content. Raises OptionError, OSError."""
    found = read(path, Configuration, KIND)
    problems = [p for index, jwt in enumerate(found.jwt) for p in _problems(jwt, f"jwt[{index}]")]
    urls = [jwt.issuer.url for jwt in found.jwt]
    problems += [f"jwt: {url} is there more than once" for url in sorted({u for u in urls if urls.count(u) > 1})]
    if found.anonymous is not None and found.anonymous.conditions and not found.anonymous.enabled:
        problems.append("anonymous.conditions: enabled should be set to true when conditions are defined")
    if problems:
        raise OptionError(f"{path}: {'; '.join(problems)}")
    return found


def _problems(jwt: JWT, where: str) -> Iterator[str]:
    issuer = jwt.issuer
    for name, url in (("url", issuer.url), ("discoveryURL", issuer.discovery_url or issuer.url)):
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.netloc:
            yield f"{where}.issuer.{name}: {url!r}: URL scheme must be https"
        if parts.username or parts.query or parts.fragment:
            yield f"{where}.issuer.{name}: {url!r}: URL must not contain a username, query or fragment"
    if not issuer.audiences or "" in issuer.audiences:
        yield f"{where}.issuer.audiences: at least one issuer audience is required"
    if len(issuer.audiences) > 1 and issuer.audience_match_policy != "MatchAny":
        yield f"{where}.issuer.audienceMatchPolicy: must be MatchAny for multiple audiences"
    username = jwt.claim_mappings.username
    if bool(username.claim) == bool(username.expression):
        yield f"{where}.claimMappings.username: exactly one of claim or expression is required"
    for name in ("username", "groups"):
        mapping = getattr(jwt.claim_mappings, name)
        if mapping.claim and mapping.prefix is None:
            yield f"{where}.claimMappings.{name}.prefix: required when claim is set; it can be set to an empty string"
        if mapping.claim and mapping.expression:
            yield f"{where}.claimMappings.{name}: claim and expression can't both be set"
    for index, rule in enumerate(jwt.claim_validation_rules):
        if bool(rule.claim) == bool(rule.expression):
            yield f"{where}.claimValidationRules[{index}]: exactly one of claim or expression is required"
    for index, extra in enumerate(jwt.claim_mappings.extra):
        if "/" not in extra.key or extra.key != extra.key.lower():
            yield f"{where}.claimMappings.extra[{index}].key: a lower case path that begins with a domain is required"
