"""Static Pods: those that a folder of the node asks for, with or without an API, and their mirrors in the API.

`manifest.py` reads one file (purely), `folder.py` watches them all, `mirrors.py` keeps one mirror Pod in the API for
each (so that users see them), `statuses.py` lets their statuses reach the mirrors.
"""
