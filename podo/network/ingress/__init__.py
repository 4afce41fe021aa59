"""Ingresses on haproxy: hosts, paths and TLS from outside to Services.

`routing.py` decides what Ingresses mean, `configuration.py` what that is in haproxy's words, `process.py` runs haproxy
and talks to it, `keeper.py` keeps all of it in step with the cluster. Endpoints change at run time, without a reload.
"""
