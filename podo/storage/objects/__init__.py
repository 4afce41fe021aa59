"""Object storage as volumes: containers of Azure Blob Storage and buckets of S3, mounted by rclone.

`stores.py` reads the Secret that says where a store is, `azure.py` signs for it, `rclone.py` runs the tool, `maker.py`
makes and deletes containers and buckets (the controller's side of the drivers); the nodes' side is
`podo.node.volumes.objects`. A volume's handle is its container or bucket, with or without a folder in it: `data/pvc-1`.
"""

BLOB, S3 = "blob.csi.podo", "s3.csi.podo"
DRIVERS = (BLOB, S3)
