"""podo's own volumes: images of file systems in a folder of the machine, each as large as was asked for.

`layout.py` says where they are, `maker.py` makes and grows them (the controller's side of a driver); the node's side is
`podo.node.volumes.local`. All local nodes of a machine share the folder, so a volume is where its Pod is.
"""

DRIVER = "local.csi.podo"
CLASS = "local"
