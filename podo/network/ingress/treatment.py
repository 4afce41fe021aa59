"""What an Ingress asks for by annotations, beside where its requests go: those of ingress-nginx that charts use. Pure.

Others of ingress-nginx are not read, but for those that keep somebody out: an Ingress with one of these that is not
there is not served, since to serve it would let everyone in. (docs/howto/reach-an-application-from-outside.md)
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import NamedTuple

PREFIX = "nginx.ingress.kubernetes.io/"
GUARDS = ("auth-type", "auth-url", "auth-secret", "auth-tls-secret", "auth-tls-verify-client")
PROTOCOLS = {"HTTP": "", "AUTO_HTTP": "", "HTTPS": "https", "GRPC": "h2", "GRPCS": "https-h2"}
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS")
HEADERS = (
    *("DNT", "Keep-Alive", "User-Agent", "X-Requested-With", "If-Modified-Since", "Cache-Control", "Content-Type"),
    *("Range", "Authorization"),
)


class CrossOrigin(NamedTuple):
    """As `podo/network/haproxy/cors.py` has it, with the defaults of ingress-nginx."""

    allow_origins: tuple[str, ...] = ("*",)
    allow_credentials: bool = True
    allow_methods: tuple[str, ...] = METHODS
    allow_headers: tuple[str, ...] = HEADERS
    expose_headers: tuple[str, ...] = ()
    max_age: int = 1_728_000


@dataclass(frozen=True)
class Treatment:
    """What is done to the requests of a path. "", 0 and () are nothing."""

    https: int = 0  # the status by which plain HTTP is led to HTTPS
    rewrite: str = ""  # the new path; $1 is the first group of `pattern`
    pattern: str = ""  # of the path, a regular expression
    host: str = ""  # that the backend is asked for
    redirect: str = ""  # where to
    redirect_code: int = 302
    root: str = ""  # where "/" is redirected to
    allowed: tuple[str, ...] = ()  # sources, as CIDRs
    denied: tuple[str, ...] = ()
    body: int = 0  # bytes at most
    protocol: str = ""  # h2, https, https-h2
    connect: int = 0  # seconds
    answer: int = 0  # seconds
    cors: CrossOrigin | None = None
    cookie: str = ""  # that keeps a client at its Pod


PLAIN = Treatment()


class Asked(NamedTuple):
    """`patterns`: paths are regular expressions. `problems`: why it is not served."""

    treatment: Treatment
    patterns: bool
    problems: list[str]


def asked_for(annotations: Mapping[str, str], *, secure: bool) -> Asked:
    """What an Ingress asks for. `secure`: it names a certificate."""
    own = {key.removeprefix(PREFIX): text for key, text in annotations.items() if key.startswith(PREFIX)}
    if not own:
        return Asked(PLAIN, False, [])
    reader = _Reader(own)
    problems = [f"{PREFIX}{each} is not supported" for each in GUARDS if reader.guards(each)]
    force, wanted = reader.flag("force-ssl-redirect"), reader.flag("ssl-redirect") and secure
    permanent, temporary = own.get("permanent-redirect", ""), own.get("temporal-redirect", "")
    kind = "permanent" if permanent and not temporary else "temporal"
    treatment = Treatment(
        https=308 if force or wanted else 0,
        rewrite=reader.line("rewrite-target"),
        host=reader.line("upstream-vhost"),
        redirect=reader.line(f"{kind}-redirect"),
        redirect_code=reader.number(f"{kind}-redirect-code") or (301 if kind == "permanent" else 302),
        root=reader.line("app-root"),
        allowed=reader.sources("whitelist-source-range") + reader.sources("allowlist-source-range"),
        denied=reader.sources("denylist-source-range"),
        body=reader.size("proxy-body-size"),
        protocol=PROTOCOLS.get(own.get("backend-protocol", "HTTP").upper(), ""),
        connect=reader.number("proxy-connect-timeout"),
        answer=max(reader.number("proxy-read-timeout"), reader.number("proxy-send-timeout")),
        cors=_cors(reader) if reader.flag("enable-cors") else None,
        cookie=reader.token("session-cookie-name", "INGRESSCOOKIE") if own.get("affinity") == "cookie" else "",
    )
    patterns = reader.flag("use-regex") or "$" in treatment.rewrite
    return Asked(treatment, patterns, problems + reader.problems)


def _cors(reader: "_Reader") -> CrossOrigin:
    usual = CrossOrigin()
    return CrossOrigin(
        allow_origins=reader.words("cors-allow-origin") or usual.allow_origins,
        allow_credentials=reader.flag("cors-allow-credentials", default=True),
        allow_methods=reader.words("cors-allow-methods") or usual.allow_methods,
        allow_headers=reader.words("cors-allow-headers") or usual.allow_headers,
        expose_headers=reader.words("cors-expose-headers"),
        max_age=reader.number("cors-max-age") or usual.max_age,
    )


class _Reader:
    """Reads annotations, and collects what is wrong with them."""

    def __init__(self, found: Mapping[str, str]) -> None:
        self._found = found
        self.problems: list[str] = []

    def _read(self, name: str, pattern: str, meaning: Callable[[re.Match[str]], int]) -> int:
        text = self._found.get(name, "").strip()
        if not text:
            return 0
        if match := re.fullmatch(pattern, text, re.IGNORECASE):
            return meaning(match)
        self.problems.append(f"{PREFIX}{name} is no number: {text}")
        return 0

    def guards(self, name: str) -> bool:
        return self._found.get(name, "off") not in ("", "off", "false")

    def flag(self, name: str, *, default: bool = False) -> bool:
        return self._found.get(name, str(default)).strip().lower() == "true"

    def number(self, name: str) -> int:
        """A number, or seconds."""
        return self._read(name, r"(\d{1,9})s?", lambda match: int(match[1]))

    def size(self, name: str) -> int:
        """Bytes."""
        return self._read(name, r"(\d{1,9})([kmg]?)", lambda match: int(match[1]) * UNITS[match[2].lower()])

    def line(self, name: str) -> str:
        """Any text of one line."""
        text = self._found.get(name, "").strip()
        if any(ord(each) < 32 or ord(each) == 127 for each in text):
            self.problems.append(f"{PREFIX}{name} has control characters")
            return ""
        return text

    def token(self, name: str, usual: str) -> str:
        text = self._found.get(name, "").strip() or usual
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", text):
            self.problems.append(f"{PREFIX}{name} is no name: {text}")
            return ""
        return text

    def words(self, name: str) -> tuple[str, ...]:
        """What stands between commas."""
        return tuple(each.strip() for each in self.line(name).split(",") if each.strip())

    def sources(self, name: str) -> tuple[str, ...]:
        """CIDRs."""
        found = []
        for each in self.words(name):
            try:
                found.append(str(ip_network(each, strict=False)))
            except ValueError:
                self.problems.append(f"{PREFIX}{name} has no address: {each}")
        return tuple(found)
