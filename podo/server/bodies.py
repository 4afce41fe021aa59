"""The bodies of requests for built-in kinds, decoded as Kubernetes decodes them."""

import re
from collections.abc import Sequence

import msgspec

from podo.server.decoding.objects import JSON, PROTOBUF, Kind, decode_object
from podo.server.decoding.options import decode_delete_options
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

OLD_EVICTION = re.compile(rb"(\"?apiVersion\"?\s*:\s*\"?)policy/v1beta1")


class Bodies:
    """A `Decoder`."""

    def decode(
        self, body: bytes, media_type: str, served: Served, subresource: str, validation: str
    ) -> tuple[Object, Sequence[str]]:
        """Raises BadRequest."""
        kind = kind_of(served, subresource)
        if media_type == PROTOBUF:
            from podo.server.protobuf import envelope

            return envelope.decode_object(body, kind).object, ()
        if subresource == "eviction":
            body = OLD_EVICTION.sub(rb"\g<1>policy/v1", body)  # of the same shape, and still sent by old clients
        decoded = decode_object(body, media_type, kind, validation)
        return decoded.object, decoded.warnings

    def decode_options(self, body: bytes, media_type: str) -> Object:
        """Raises BadRequest."""
        if media_type == PROTOBUF:
            from podo.server.protobuf import envelope

            body, media_type = msgspec.json.encode(envelope.decode_options(body)), JSON
        return decode_delete_options(body, media_type)


def kind_of(served: Served, subresource: str = "") -> Kind:
    """The kind that a request to a resource, or a subresource of it, speaks of."""
    resource = served.resource
    below = resource.subresources.get(subresource)
    if below is None:
        return Kind(resource.group, resource.version, resource.kind)
    return Kind(below.group or resource.group, below.version or resource.version, below.kind)
