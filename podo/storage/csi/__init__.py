"""Drivers behind sockets: the client side of the Container Storage Interface (CSI 1.12, gRPC).

`wire.py` has the messages, `client.py` makes calls, `node.py` is a driver's node side. gRPC is imported only when the
first driver registers.
"""
