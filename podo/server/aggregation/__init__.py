"""The aggregation layer: groups of the API that other servers serve, behind this one (KEP-263).

An APIService says which group and version, and by which Service. `registered.py` knows them, `local.py` keeps those of
what this server serves itself, `availability.py` finds out whether a remote one answers, `carrying.py` hands requests
on, with the user's identity in headers that only our certificate makes credible.
"""
