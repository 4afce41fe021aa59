"""Labels and annotations of sandboxes and containers, by which the agent (and others) know them again."""

POD_NAME, POD_NAMESPACE = "io.kubernetes.pod.name", "io.kubernetes.pod.namespace"
POD_UID, CONTAINER_NAME = "io.kubernetes.pod.uid", "io.kubernetes.container.name"
TERMINATION_PATH = "io.kubernetes.container.terminationMessagePath"
IMAGE = "podo.image"  # the image's name as the store knows it
IMAGE_REF = "podo.image-ref"  # its repository and digest
