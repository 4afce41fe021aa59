"""How attachments of volumes to nodes are called."""

import hashlib


def attachment_name(handle: str, driver: str, node: str) -> str:
    """The name by which attachers and nodes know the attachment of a volume to a node."""
    return "csi-" + hashlib.sha256(f"{handle}{driver}{node}".encode()).hexdigest()
