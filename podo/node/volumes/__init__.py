"""The volumes of Pods on this node, as folders that can be mounted into containers.

Read `base.py` first: the protocol that workers use. `files.py` decides (purely) what stands in volumes made from API
objects, `atomic.py` writes it, `mounted.py` keeps all volumes of the node, `mounts.py` says what a container mounts.
Volumes with credentials live in memory only (`Places.volatile`).
"""
