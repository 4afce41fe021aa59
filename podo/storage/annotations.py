"""The annotations and names by which binder, scheduler and provisioners speak to each other, as in Kubernetes."""

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
