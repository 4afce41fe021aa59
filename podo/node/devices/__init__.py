"""Device plug-ins (KEP-3573, v1beta1): who offers devices, and which Pod has which.

`plugins.py` keeps the plug-ins that have registered; `ledger.py` is what was given to whom, known after a restart;
`allocation.py` chooses, purely; `pod_resources.py` tells others of it.
"""
