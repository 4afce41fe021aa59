"""Names that start with a domain: paths, keys, fully qualified names."""

import re

from podo.api import names
from podo.api.field_errors import invalid, required
from podo.server.validation.fields import Errors, named

HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"


def domain_path(errs: Errors, path: str, value: str) -> None:
    """A name such as `acme.io/foo`."""
    if not value:
        errs.append(required(path))
        return
    host, _, tail = value.partition("/")
    if not host or not tail:
        errs.append(invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'))
        return
    named(errs, path, host, names.dns1123_subdomain)
    if not re.fullmatch(HTTP_PATH, tail):
        errs.append(invalid(path, tail, names.regex_error("Invalid path", HTTP_PATH)))


def domain_key(errs: Errors, path: str, value: str) -> None:
    """A label key that has a domain."""
    if not value:
        errs.append(required(path))
        return
    before = len(errs)
    named(errs, path, value, names.qualified_name)
    if len(errs) == before and value.count("/") != 1:
        errs.append(invalid(path, value, 'must be a domain-prefixed key (such as "acme.io/foo")'))


def fully_qualified(errs: Errors, path: str, value: str) -> None:
    """A domain of at least three parts."""
    if not value:
        errs.append(required(path))
    elif problems := names.dns1123_subdomain(value):
        errs.append(invalid(path, value, ",".join(problems)))
    elif value.count(".") < 2:
        errs.append(invalid(path, value, "should be a domain with at least three segments separated by dots"))


def domain_name(errs: Errors, path: str, value: str) -> None:
    """A domain name of at least two parts, which may end with a dot."""
    name = value.removesuffix(".")
    if not value:
        errs.append(required(path))
    elif problems := names.dns1123_subdomain(name):
        errs.append(invalid(path, name, ",".join(problems)))
    elif "." not in name:
        errs.append(invalid(path, name, "should be a domain with at least two segments separated by dots"))
    else:
        for label in name.split("."):
            if problems := names.dns1123_label(label):
                errs.append(invalid(path, label, ",".join(problems)))
                return
