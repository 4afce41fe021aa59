"""The audit log: who asked what of the API, when, and how it answered (audit.k8s.io/v1).

`policy.py` says which requests are recorded and how much of them; `trail.py` follows one request through its stages;
`log.py` and `webhook.py` are where events go. Nothing here may hold up or change an answer. Read `trail.py` first.
"""
