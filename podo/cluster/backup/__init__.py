"""Backups: the objects of namespaces and the content of their volumes, of one moment, in one sealed file.

`take.py` makes one, `restore.py` brings it back; `archive.py` is the file, `sealing.py` its encryption, and
`objects.py` says, purely, which objects are worth keeping and what of them.
"""

SUFFIX = ".podobackup"
