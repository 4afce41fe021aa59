"""Connections that the server itself opens to others on behalf of the API: to webhooks, aggregated servers, Pods.

`services.py` finds an endpoint of a Service, `addresses.py` says where the server never connects to, `trust.py` makes
TLS contexts, `failures.py` words what went wrong as clients of Kubernetes know it.
"""
