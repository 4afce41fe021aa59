"""What names, labels and annotations may look like (RFC 1123, RFC 1035 and the API conventions).

Each check gives the complaints, in Kubernetes' words; none means that the value is good.
"""

import re

DNS1123_LABEL_MAX, DNS1123_SUBDOMAIN_MAX, DNS1035_LABEL_MAX = 63, 253, 63
QUALIFIED_NAME_MAX, LABEL_VALUE_MAX, PORT_NAME_MAX = 63, 63, 15

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + r"(\." + _LABEL + ")*"
_LABEL_RE, _SUBDOMAIN_RE = re.compile(_LABEL), re.compile(_SUBDOMAIN)
_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_1035_RE = re.compile(_1035)
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_QUALIFIED_RE, _LABEL_VALUE_RE = re.compile(_QUALIFIED), re.compile(f"({_QUALIFIED})?")
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_C_IDENTIFIER_RE = re.compile(_C_IDENTIFIER)
_WILDCARD = r"\*\." + _SUBDOMAIN
_WILDCARD_RE = re.compile(_WILDCARD)
_UNDERSCORED_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORED = _UNDERSCORED_LABEL + r"(\." + _UNDERSCORED_LABEL + ")*"
_UNDERSCORED_RE = re.compile(_UNDERSCORED)
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_CONFIG_KEY_RE = re.compile(_CONFIG_KEY)

LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
LABEL_1035_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
WILDCARD_MESSAGE = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
UNDERSCORED_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    "and must start and end with an alphanumeric character"
)
QUALIFIED_MESSAGE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
LABEL_VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)


def regex_error(message: str, pattern: str, *examples: str) -> str:
    """A complaint with examples and the pattern, as every such message ends."""
    quoted = " or ".join(f"'{e}', " for e in examples)
    hint = f"e.g. {quoted}" if examples else ""
    return f"{message} ({hint}regex used for validation is '{pattern}')"


def too_long(limit: int, unit: str = "characters") -> str:
    """The complaint about length. Limits count bytes, whatever the message calls them."""
    return f"must be no more than {limit} {unit}"


def _length(value: str, limit: int, unit: str = "characters") -> list[str]:
    return [too_long(limit, unit)] if len(value) * 4 > limit and len(value.encode()) > limit else []


def dns1123_label(value: str) -> list[str]:
    """A name such as a namespace's or a container's."""
    if len(value) <= DNS1123_LABEL_MAX and _LABEL_RE.fullmatch(value):
        return []
    found = _length(value, DNS1123_LABEL_MAX)
    if not _LABEL_RE.fullmatch(value):
        if _SUBDOMAIN_RE.fullmatch(value):
            return [*found, "must not contain dots"]
        found.append(regex_error(LABEL_MESSAGE, _LABEL, "my-name", "123-abc"))
    return found


def dns1123_subdomain(value: str, *, unit: str = "characters") -> list[str]:
    """A name such as a Pod's."""
    if len(value) <= DNS1123_SUBDOMAIN_MAX and _SUBDOMAIN_RE.fullmatch(value):
        return []
    found = _length(value, DNS1123_SUBDOMAIN_MAX, unit)
    if not _SUBDOMAIN_RE.fullmatch(value):
        found.append(regex_error(SUBDOMAIN_MESSAGE, _SUBDOMAIN, "example.com"))
    return found


def dns1035_label(value: str) -> list[str]:
    """A name that starts with a letter."""
    found = _length(value, DNS1035_LABEL_MAX)
    if not _1035_RE.fullmatch(value):
        found.append(regex_error(LABEL_1035_MESSAGE, _1035, "my-name", "abc-123"))
    return found


def qualified_name(value: str) -> list[str]:
    """A label key: an optional DNS prefix, a slash, a name."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        message = "a valid label key " + QUALIFIED_MESSAGE
        message = regex_error(message, _QUALIFIED, "MyName", "my.name", "123-abc")
        return [message + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    found: list[str] = []
    if slash and not prefix:
        found.append("prefix part must be non-empty")
    elif slash:
        found += ["prefix part " + m for m in dns1123_subdomain(prefix, unit="bytes")]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > QUALIFIED_NAME_MAX:
        found.append("name part " + too_long(QUALIFIED_NAME_MAX, "bytes"))
    if not _QUALIFIED_RE.fullmatch(name):
        found.append("name part " + regex_error(QUALIFIED_MESSAGE, _QUALIFIED, "MyName", "my.name", "123-abc"))
    return found


def label_value(value: str) -> list[str]:
    """The value of a label."""
    found = _length(value, LABEL_VALUE_MAX, "bytes")
    if not _LABEL_VALUE_RE.fullmatch(value):
        found.append(regex_error(LABEL_VALUE_MESSAGE, f"({_QUALIFIED})?", "MyValue", "my_value", "12345"))
    return found


def wildcard_subdomain(value: str) -> list[str]:
    """A host name whose first label is `*`."""
    found = _length(value, DNS1123_SUBDOMAIN_MAX)
    if not _WILDCARD_RE.fullmatch(value):
        found.append(regex_error(WILDCARD_MESSAGE, _WILDCARD, "*.example.com"))
    return found


def underscored_subdomain(value: str) -> list[str]:
    """A subdomain that may contain underscores, such as a search domain."""
    found = _length(value, DNS1123_SUBDOMAIN_MAX)
    if not _UNDERSCORED_RE.fullmatch(value):
        found.append(regex_error(UNDERSCORED_MESSAGE, _UNDERSCORED, "example.com"))
    return found


def port_name(value: str) -> list[str]:
    """The name of a port (RFC 6335)."""
    found = _length(value, PORT_NAME_MAX)
    if not re.fullmatch("[-a-z0-9]+", value):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        found.append("must contain at least one letter (a-z)")
    if "--" in value:
        found.append("must not contain consecutive hyphens")
    if value and (value[0] == "-" or value[-1] == "-"):
        found.append("must not begin or end with a hyphen")
    return found


def percent(value: str) -> list[str]:
    """A whole number of percent."""
    if re.fullmatch("[0-9]+%", value):
        return []
    message = "a valid percent string must be a numeric string followed by an ending '%'"
    return [regex_error(message, "[0-9]+%", "1%", "93%")]


def http_header(value: str) -> list[str]:
    """The name of an HTTP header."""
    if re.fullmatch("[-A-Za-z0-9]+", value):
        return []
    message = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [regex_error(message, "[-A-Za-z0-9]+", "X-Header-Name")]


def environment_name(value: str) -> list[str]:
    """The name of an environment variable."""
    if not value:
        return ["environment variable name must be non-empty"]
    if re.fullmatch("[ -<>-~]+", value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    if _CONFIG_KEY_RE.fullmatch(value) and len(value) <= DNS1123_SUBDOMAIN_MAX and value[0] != ".":
        return []
    found = _length(value, DNS1123_SUBDOMAIN_MAX)
    if not _CONFIG_KEY_RE.fullmatch(value):
        message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        found.append(regex_error(message, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if value in (".", ".."):
        found.append(f"must not be '{value}'")
    elif value.startswith(".."):
        found.append("must not start with '..'")
    return found


def in_range(value: int, low: int, high: int) -> list[str]:
    """A number between two others, both included."""
    return [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


def port_number(value: int) -> list[str]:
    """A TCP, UDP or SCTP port."""
    return in_range(value, 1, 65535)


def c_identifier(value: str) -> list[str]:
    """A name that C accepts."""
    if _C_IDENTIFIER_RE.fullmatch(value):
        return []
    message = "a valid C identifier must start with alphabetic character or '_', "
    message += "followed by a string of alphanumeric characters or '_'"
    return [regex_error(message, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


def path_segment(value: str, *, prefix: bool = False) -> list[str]:
    """A name that stands as one segment of a URL path; `prefix` for generateName."""
    if not prefix and value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{c}'" for c in "/%" if c in value]
