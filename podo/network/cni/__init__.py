"""Container Network Interface: other people's plug-ins in place of podo's own links, run as any Kubernetes runs them.

`configuration.py` reads what a folder has, `plugin.py` runs one plug-in, `attachments.py` makes and undoes a Pod's
network.
"""
