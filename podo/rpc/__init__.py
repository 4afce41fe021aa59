"""Remote calls (gRPC) to what listens at a socket of the machine: storage drivers, device drivers, runtimes.

`messages.py` makes messages from tables of names, numbers and types; `caller.py` makes calls with them. gRPC and
protobuf are imported with the first call: a node without drivers needs neither.
"""
