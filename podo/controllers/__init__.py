"""The loops that move the cluster toward what its objects want; one file a controller.

Read `base.py` (the `Controller` protocol and its worker loop) first. They see the cluster only through `Client`.
"""
