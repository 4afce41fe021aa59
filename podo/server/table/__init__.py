"""Tables, as `kubectl get` shows objects: a column list is data of the resource, a printer gives a kind's cells.

To add a printer: a function `(obj, now) -> cells` in the file of its group, and a line in `printers.py`.
"""
