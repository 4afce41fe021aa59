"""Names of certificate signers, and of the trust bundles that belong to them."""

from collections.abc import Callable

from podo.api import names
from podo.api.field_errors import invalid, required, too_long
from podo.server.validation.fields import Errors

DOMAIN_MAX = names.DNS1123_SUBDOMAIN_MAX
SIGNER_MAX = DOMAIN_MAX + 1 + names.DNS1123_SUBDOMAIN_MAX + 1 + names.DNS1123_LABEL_MAX


def signer_name(errs: Errors, value: str, path: str) -> None:
    """A name such as `example.com/my-signer`."""
    if not value:
        errs.append(required(path))
        return
    domain, slash, tail = value.partition("/")
    if not slash or "/" in tail:
        message = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        errs.append(invalid(path, value, message))
        return
    if len(domain) > DOMAIN_MAX:
        errs.append(too_long(path, DOMAIN_MAX))
    _labels(errs, path, domain, names.dns1123_label)
    if "." not in domain:
        errs.append(invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    _labels(errs, path, tail, names.dns1123_subdomain)
    if len(value) > SIGNER_MAX:
        errs.append(too_long(path, SIGNER_MAX))


def _labels(errs: Errors, path: str, value: str, check: Callable[[str], list[str]]) -> None:
    for label in value.split("."):
        if problems := check(label):
            errs.extend(invalid(path, value, f'validating label "{label}": {m}') for m in problems)
            break


def bundle_name(name: str) -> list[str]:
    """The name of a ClusterTrustBundle; one for a signer starts with the signer's name."""
    signer, colon, rest = name.rpartition(":")
    if not colon:
        return names.dns1123_subdomain(name)
    if not signer:
        return ['ClusterTrustBundle without signer name must not have ":" in its name']
    return names.dns1123_subdomain(rest)
