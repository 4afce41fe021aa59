"""Which container of a Pod a request means, and whether it can be reached. Pure; in Kubernetes' words."""

from collections.abc import Mapping, Sequence
from typing import Any

from podo.api import field_errors
from podo.api.errors import BadRequest
from podo.api.field_errors import FieldError

Object = Mapping[str, Any]
LISTS = ("initContainers", "containers", "ephemeralContainers")


def container_for_log(pod: Object, asked: str) -> str:
    """The container whose log is meant. Raises BadRequest."""
    return _container(pod, asked, LISTS, "a container name must be specified for pod {pod}, choose one of: [{names}]")


def container_for_exec(pod: Object, asked: str) -> str:
    """The container in which to run something. Raises BadRequest."""
    phase = pod.get("status", {}).get("phase", "")
    if phase in ("Succeeded", "Failed"):
        raise BadRequest(f"cannot exec into a container in a completed pod; current phase is {phase}")
    return _container(pod, asked, LISTS, "a container name must be specified for pod {pod}, choose one of: [{names}]")


def _container(pod: Object, asked: str, lists: Sequence[str], ambiguous: str) -> str:
    names = [c["name"] for each in lists for c in pod["spec"].get(each) or ()]
    pod_name = pod["metadata"]["name"]
    if asked:
        if asked not in names:
            raise BadRequest(f"container {asked} is not valid for pod {pod_name}")
        return asked
    main = [c["name"] for c in pod["spec"].get("containers") or ()]
    if len(main) == 1:  # however many others there are
        return str(main[0])
    annotated = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container", "")
    if annotated in main:
        return str(annotated)
    raise BadRequest(ambiguous.format(pod=pod_name, names=" ".join(names)))


def node_of(pod: Object) -> str:
    """The node that runs the Pod. Raises BadRequest if it has none yet."""
    node = pod["spec"].get("nodeName", "")
    if not node:
        raise BadRequest(f"pod {pod['metadata']['name']} does not have a host assigned")
    return str(node)


def log_errors(query: Mapping[str, str]) -> list[FieldError]:
    """What is wrong with the options of a log request."""
    found: list[FieldError] = []
    for name, least in (("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)):
        text = query.get(name, "")
        if text and (not _is_number(text) or int(text) < least):
            value = int(text) if _is_number(text) else text
            found.append(field_errors.invalid(name, value, f"must be greater than or equal to {least}"))
    if query.get("sinceSeconds") and query.get("sinceTime"):
        found.append(field_errors.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    if (stream := query.get("stream", "")) and stream not in ("All", "Stdout", "Stderr"):
        found.append(field_errors.not_supported("stream", stream, ("All", "Stdout", "Stderr")))
    return found


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit()
