"""The image store of a machine: content-addressed, shared by all local nodes and by the CLI.

Read `base.py` first: the protocol. Nothing here knows Pods or the API.
"""
