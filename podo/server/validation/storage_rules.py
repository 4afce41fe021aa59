"""The table of storage.k8s.io."""

from podo.server.validation.rules import Rules
from podo.server.validation.storage import classes, drivers

STORAGE = "storage.k8s.io/v1"
TABLE: dict[tuple[str, str], Rules] = {
    (STORAGE, "StorageClass"): Rules(classes.create_class, classes.update_class),
    (STORAGE, "VolumeAttributesClass"): Rules(classes.create_attributes, classes.update_attributes),
    (STORAGE, "CSIStorageCapacity"): Rules(classes.create_capacity, classes.update_capacity),
    (STORAGE, "CSIDriver"): Rules(drivers.create_driver, drivers.update_driver),
    (STORAGE, "CSINode"): Rules(drivers.create_node, drivers.update_node),
    (STORAGE, "VolumeAttachment"): Rules(
        drivers.create_attachment, drivers.update_attachment, {"status": drivers.update_attachment}
    ),
}
