"""From the bytes of a request to an object that is exactly what Kubernetes would store and send back.

`objects.py` is the door: media types, kinds, field validation. A clean body takes the short way (`structs.py`: msgspec
checks it against structs built from the field tables, in C). Any other body takes the exact one (`exact.py`), which
finds what Kubernetes finds, in its order and its words. Both give the same object for what both accept.

Pure functions; nothing here knows HTTP beyond media types, or the store.
"""
