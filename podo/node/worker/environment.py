"""The environment of a container: from values, fields, ConfigMaps, Secrets and Services, with $(NAME) expanded."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from podo.api import names
from podo.api.types.core_v1 import (
    ConfigMap,
    Container,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    FileKeySelector,
    Pod,
    Secret,
    Service,
)
from podo.node.worker.env_files import NotUnderstood, read_value
from podo.node.worker.fields import FieldContext, pod_field, resource_field


class ConfigurationError(Exception):
    """The container cannot be configured; the text is for its status (reason CreateContainerConfigError)."""


@dataclass(frozen=True)
class EnvironmentSources:
    """What was fetched for a container: objects by name, None for what does not exist."""

    config_maps: Mapping[str, ConfigMap | None] = field(default_factory=dict)
    secrets: Mapping[str, Secret | None] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    volumes: Mapping[str, Path] = field(default_factory=dict)  # those of the Pod that containers write files to


def references(container: Container) -> tuple[set[str], set[str]]:
    """Names of the (ConfigMaps, Secrets) that the environment is made from."""
    config_maps = {e.config_map_ref.name for e in container.env_from if e.config_map_ref}
    secrets = {e.secret_ref.name for e in container.env_from if e.secret_ref}
    for variable in container.env:
        source = variable.value_from
        if source and source.config_map_key_ref:
            config_maps.add(source.config_map_key_ref.name)
        if source and source.secret_key_ref:
            secrets.add(source.secret_key_ref.name)
    return config_maps, secrets


def environment(
    pod: Pod, container: Container, sources: EnvironmentSources, context: FieldContext
) -> tuple[tuple[str, str], ...]:
    """The variables, later ones winning over earlier ones. Raises ConfigurationError."""
    services = service_variables(pod, sources.services)
    result: dict[str, str] = {}
    for chosen in container.env_from:
        result |= _bulk(chosen.prefix, _bulk_data(chosen, sources))
    for variable in container.env:
        value = _value(pod, container, variable, sources, context, services | result)
        if value is not None:
            result[variable.name] = value
    return tuple((services | result).items())


def _bulk_data(chosen: EnvFromSource, sources: EnvironmentSources) -> Mapping[str, str]:
    config_map, secret = chosen.config_map_ref, chosen.secret_ref
    if config_map is not None:
        found = sources.config_maps.get(config_map.name)
        if found is None and not config_map.optional:
            raise ConfigurationError(f'configmap "{config_map.name}" not found')
        return found.data if found else {}
    if secret is not None:
        kept = sources.secrets.get(secret.name)
        if kept is None and not secret.optional:
            raise ConfigurationError(f'secret "{secret.name}" not found')
        return {k: _text(v) for k, v in kept.data.items()} if kept else {}
    return {}


def _text(value: str) -> str:
    return base64.b64decode(value).decode(errors="surrogateescape")


def _bulk(prefix: str, data: Mapping[str, str]) -> dict[str, str]:
    return {prefix + key: value for key, value in sorted(data.items()) if is_variable_name(prefix + key)}


def is_variable_name(name: str) -> bool:
    """What may stand as a variable's name: printable ASCII without "="."""
    return bool(name) and all(" " <= c <= "~" and c != "=" for c in name)


def _value(
    pod: Pod,
    container: Container,
    variable: EnvVar,
    sources: EnvironmentSources,
    context: FieldContext,
    known: Mapping[str, str],
) -> str | None:
    source = variable.value_from
    if source is None:
        return expand(variable.value, known)
    if source.field_ref:
        return pod_field(pod, source.field_ref.field_path, context)
    if source.resource_field_ref:
        return resource_field(pod, container, source.resource_field_ref, context)
    return _key_value(pod, source, sources)


def _key_value(pod: Pod, source: EnvVarSource, sources: EnvironmentSources) -> str | None:
    namespace = pod.metadata.namespace
    if ref := source.config_map_key_ref:
        found = sources.config_maps.get(ref.name)
        if found is None:
            if ref.optional:
                return None
            raise ConfigurationError(f'configmap "{ref.name}" not found')
        if ref.key not in found.data:
            if ref.optional:
                return None
            raise ConfigurationError(f"couldn't find key {ref.key} in ConfigMap {namespace}/{ref.name}")
        return found.data[ref.key]
    if key := source.secret_key_ref:
        kept = sources.secrets.get(key.name)
        if kept is None:
            if key.optional:
                return None
            raise ConfigurationError(f'secret "{key.name}" not found')
        if key.key not in kept.data:
            if key.optional:
                return None
            raise ConfigurationError(f"couldn't find key {key.key} in Secret {namespace}/{key.name}")
        return _text(kept.data[key.key])
    if file := source.file_key_ref:
        return _file_value(file, sources.volumes)
    return None


def _file_value(ref: FileKeySelector, volumes: Mapping[str, Path]) -> str | None:
    volume = volumes.get(ref.volume_name)
    if volume is None:
        raise ConfigurationError(f'cannot find the volume "{ref.volume_name}" referenced by FileKeyRef')
    try:
        value = read_value(volume, ref.path, ref.key)
    except NotUnderstood as error:
        raise ConfigurationError("couldn't parse env file") from error
    if not value and not ref.optional:
        raise ConfigurationError(f'environment variable key "{ref.key}" not found in file "{volume / ref.path}"')
    return value or None


_REFERENCE = re.compile(r"\$(\$|\(([^)]*)\))")


def expand(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` replaced by what is known; `$$` is a dollar; an unknown name stays as it is."""

    def replaced(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return known.get(match[2], match[0])

    return _REFERENCE.sub(replaced, text)


def expand_all(texts: Iterable[str], environment: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Commands and arguments with the variables of the container."""
    known = dict(environment)
    return tuple(expand(t, known) for t in texts)


# Services


def service_variables(pod: Pod, services: Iterable[Service]) -> dict[str, str]:
    """Docker-link style variables of the Services of the Pod's namespace, and always of default/kubernetes."""
    chosen: dict[str, Service] = {}
    links = pod.spec.enable_service_links is not False
    for service in services:
        meta = service.metadata
        if service.spec.cluster_ip in ("", "None"):
            continue
        is_own = meta.namespace == pod.metadata.namespace
        is_master = meta.namespace == "default" and meta.name == "kubernetes"
        if (is_own and (links or is_master)) or (is_master and meta.name not in chosen):
            chosen[meta.name] = service
    result: dict[str, str] = {}
    for name in sorted(chosen):
        result |= _service(chosen[name])
    return result


def _service(service: Service) -> dict[str, str]:
    name, ip = _constant(service.metadata.name), service.spec.cluster_ip
    ports = service.spec.ports
    if not ports or names.dns1035_label(service.metadata.name):
        return {}
    result = {f"{name}_SERVICE_HOST": ip, f"{name}_SERVICE_PORT": str(ports[0].port)}
    result |= {f"{name}_SERVICE_PORT_{_constant(p.name)}": str(p.port) for p in ports if p.name}
    for index, port in enumerate(ports):
        protocol = (port.protocol or "TCP").lower()
        url = f"{protocol}://{_bracketed(ip)}:{port.port}"
        if index == 0:
            result[f"{name}_PORT"] = url
        prefix = f"{name}_PORT_{port.port}_{protocol.upper()}"
        result |= {
            prefix: url,
            f"{prefix}_PROTO": protocol,
            f"{prefix}_PORT": str(port.port),
            f"{prefix}_ADDR": ip,
        }
    return result


def _constant(name: str) -> str:
    return name.upper().replace("-", "_")


def _bracketed(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
