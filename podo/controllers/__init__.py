"""Each controller moves one kind of object from what is observed to what is desired. One controller a file.

Read `base.py` first (what a controller is and the loop that runs it), then `service_account.py`, the shortest one.
Controllers see the cluster only through the client and its informers, time only through the clock. They keep nothing
that a restart would need, and never talk to each other but through objects. `podo/controller_lists.py` lists them.
"""
