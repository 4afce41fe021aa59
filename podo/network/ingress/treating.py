"""What Ingresses ask for by annotations, in haproxy's words. Pure."""

import re
from collections.abc import Iterator

from podo.network.haproxy.cors import cors_lines
from podo.network.haproxy.words import word
from podo.network.ingress.treatment import Treatment

SERVERS = {"": "", "h2": " proto h2", "https": " ssl verify none", "https-h2": " ssl verify none alpn h2"}

VARIABLES = {
    "request_uri": "%[pathq]",
    "uri": "%[path]",
    "host": "%[req.hdr(host)]",
    "http_host": "%[req.hdr(host)]",
    "scheme": "%[ssl_fc,iif(https,http)]",
}


def server_options(treatment: Treatment, *, http2: bool) -> str:
    """The options of a backend's servers. Certificates of Pods are not looked at, as ingress-nginx does not either."""
    return SERVERS[treatment.protocol or ("h2" if http2 else "")]


def treatment_lines(found: Treatment) -> Iterator[str]:
    """The lines of a backend: who may ask, where else he is sent, and what the Pods are asked for."""
    if found.connect:
        yield f"  timeout connect {found.connect}s"
    if found.answer:
        yield f"  timeout server {found.answer}s"
    if found.cookie:
        yield f"  cookie {found.cookie} insert indirect nocache httponly dynamic"
        yield "  dynamic-cookie-key podo"
    if found.denied:
        yield f"  http-request deny deny_status 403 if {{ src {' '.join(found.denied)} }}"
    if found.allowed:
        yield f"  http-request deny deny_status 403 if !{{ src {' '.join(found.allowed)} }}"
    if found.https:
        yield f"  http-request redirect scheme https code {found.https} if !{{ ssl_fc }}"
    if found.redirect:
        yield f"  http-request redirect location {_place(found.redirect)} code {found.redirect_code}"
    if found.root:
        yield f"  http-request redirect location {_text(found.root)} code 302 if {{ path / }}"
    if found.body:
        yield f"  http-request deny deny_status 413 if {{ req.hdr_val(content-length) gt {found.body} }}"
    if found.cors:
        yield from cors_lines(found.cors)
    if found.host:
        yield f"  http-request set-header Host {_text(found.host)}"
    if found.rewrite:
        yield f"  http-request {_rewrite(found)}"


def _rewrite(found: Treatment) -> str:
    """The path as a whole is replaced, as nginx does; groups of the pattern may stand in the new one."""
    if not found.pattern:
        return f"set-path {_text(found.rewrite)}"
    new = re.sub(r"\$(\d)", r"\\\1", found.rewrite.replace("\\", "").replace("%", "%%"))
    return f"replace-path {word(f'(?i)^(?:{found.pattern}).*$')} {word(new)}"


def _place(text: str) -> str:
    """Where a redirect leads to, which may have some of nginx's variables."""
    return word(re.sub(r"\$([a-z_]+)", lambda name: VARIABLES.get(name[1], name[0]), text.replace("%", "%%")))


def _text(text: str) -> str:
    return word(text.replace("%", "%%"))
