"""The Gateway API on haproxy: GatewayClasses, Gateways and routes of HTTP, gRPC, TLS and TCP.

`translation.py` decides what the objects mean, `configuration.py` says it in haproxy's words, `keeper.py` keeps all of
it in step with the cluster. `definitions.json` are the custom resources, without prose.
"""
