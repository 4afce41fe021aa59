"""HTTP: the only place that knows the HTTP library. Read `handler.py` first: the chain that every request goes through.

`request_info.py` says what a path means, `query.py` what its parameters do, `negotiation.py` in which form answers go
out; `resources.py` and `watching.py` answer, `serving.py` listens.
"""
