"""What a server can be told about guarding its API. The names are those of kube-apiserver's flags, without dashes."""

from collections.abc import Mapping

import msgspec


class OptionError(ValueError):
    """A flag's value is none that it can have, or the file that it names is not what it should be; in words."""


class GuardOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files are paths; "" means that there is none. Times are in seconds."""

    admission_control_config_file: str = ""
    audit_policy_file: str = ""
    audit_log_path: str = ""
    audit_log_maxage: int = 0
    audit_log_maxbackup: int = 0
    audit_log_maxsize: int = 0
    audit_webhook_config_file: str = ""
    audit_webhook_batch_buffer_size: int = 10_000
    audit_webhook_batch_max_size: int = 400
    audit_webhook_batch_max_wait: float = 30.0
    anonymous_auth: bool = True
    authentication_config: str = ""
    authentication_token_webhook_cache_ttl: float = 120.0
    authentication_token_webhook_config_file: str = ""
    authentication_token_webhook_version: str = "v1beta1"
    authorization_config: str = ""
    authorization_mode: str = "Node,RBAC"
    authorization_webhook_cache_authorized_ttl: float = 300.0
    authorization_webhook_cache_unauthorized_ttl: float = 30.0
    authorization_webhook_config_file: str = ""
    authorization_webhook_version: str = "v1beta1"
    disable_admission_plugins: str = ""
    enable_admission_plugins: str = ""
    enable_priority_and_fairness: bool = True
    event_ttl: float = 3600.0
    max_requests_inflight: int = 400
    max_mutating_requests_inflight: int = 200
    request_timeout: float = 60.0
    oidc_ca_file: str = ""
    oidc_client_id: str = ""
    oidc_groups_claim: str = ""
    oidc_groups_prefix: str = ""
    oidc_issuer_url: str = ""
    oidc_required_claim: str = ""
    oidc_username_claim: str = "sub"
    oidc_username_prefix: str = ""
    requestheader_allowed_names: str = ""
    requestheader_client_ca_file: str = ""
    requestheader_extra_headers_prefix: str = "x-remote-extra-"
    requestheader_group_headers: str = "x-remote-group"
    requestheader_uid_headers: str = "x-remote-uid"
    requestheader_username_headers: str = "x-remote-user"


FIELDS = {info.encode_name: info.type for info in msgspec.structs.fields(GuardOptions)}
FLAGS = frozenset(name.replace("_", "-") for name in FIELDS)
"""Without the dashes that they begin with."""
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def guard_options(flags: Mapping[str, str]) -> GuardOptions:
    """The options that flags give, by their names without leading dashes. Raises OptionError."""
    values: dict[str, object] = {}
    for flag, text in flags.items():
        name = flag.replace("-", "_")
        if name not in FIELDS:
            raise OptionError(f"--{flag} is no flag of the API server")
        values[name] = _value(flag, FIELDS[name], text)
    return GuardOptions(**values)  # type: ignore[arg-type]


def _value(flag: str, kind: type, text: str) -> object:
    try:
        if kind is bool:
            return {"true": True, "": True, "false": False}[text.lower()]
        if kind is int:
            return int(text)
        return seconds(text) if kind is float else text
    except (KeyError, ValueError):
        wanted = {bool: "true or false", int: "a number", float: "a time such as 30s"}[kind]
        raise OptionError(f"--{flag} {text}: it is {wanted}") from None


def seconds(text: str) -> float:
    """`1m30s`, `500ms` or `30` as seconds. Raises ValueError."""
    if text.replace(".", "", 1).isdigit():
        return float(text)
    total, number, unit = 0.0, "", ""
    for char in f"{text}0":
        if unit and (char.isdigit() or char == "."):
            total += float(number) * UNITS[unit] if unit in UNITS else _no_time(text)
            number, unit = "", ""
        number, unit = (number + char, unit) if char.isdigit() or char == "." else (number, unit + char)
    return total if number == "0" and not unit and text else _no_time(text)


def _no_time(text: str) -> float:
    raise ValueError(text)
