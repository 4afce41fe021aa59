"""An answering DNS server for the cluster's names, after the Kubernetes DNS specification 1.1.0; it forwards the rest.

`zone.py` holds what the names are, `answer.py` decides what a question's answer is, `wire.py` knows the format of
messages; `server.py` listens and `upstream.py` asks others.
"""
