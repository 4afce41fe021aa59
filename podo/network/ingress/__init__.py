"""Ingresses on haproxy: hosts, paths and TLS from outside to Services.

`routing.py` decides what Ingresses mean, `configuration.py` says it in haproxy's words, `keeper.py` keeps all of it
in step with the cluster. Endpoints change at run time, without a reload.
"""
