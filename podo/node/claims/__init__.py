"""Resource claims on a node (KEP-4381): the drivers that prepare devices for Pods, and what they prepared.

`prepared.py` is what workers call; `drivers.py` keeps the drivers that have registered; `records.py` is what must be
known after a restart; `health.py` follows what drivers say of devices.
"""
