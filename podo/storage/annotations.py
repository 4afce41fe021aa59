"""The annotations and names by which binder, scheduler and provisioners speak to each other, as in Kubernetes."""

from collections.abc import Iterable

from podo.api.types.storage_v1 import CSIDriver

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"  # on a claim: its volume is bound to it for good
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"  # the other end was chosen by the binder, not by a user
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"  # on a claim: who is to make its volume
OLD_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"  # on a claim: where the scheduler wants its volume
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
OLD_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
PROVISIONER_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
WAIT_FOR_CONSUMER = "WaitForFirstConsumer"
SIDECARS = "podo.dev/sidecars"  # on a CSIDriver: "true" if it comes without side-cars, and podo is to be all of them


def is_bare(driver: CSIDriver | None) -> bool:
    """Whether podo is to be side-car to a driver."""
    return driver is not None and driver.metadata.annotations.get(SIDECARS) == "true"


def bare_drivers(drivers: Iterable[CSIDriver]) -> list[str]:
    """The names of those that it is to be side-car to."""
    return sorted(driver.metadata.name for driver in drivers if is_bare(driver))
