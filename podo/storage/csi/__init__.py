"""Drivers behind sockets: the client side of the Container Storage Interface (CSI 1.12, gRPC).

`wire.py` has the messages, `client.py` makes calls (by `podo.rpc`), `node.py` is a driver's node side.
"""
