"""haproxy as podo uses it: its process, its words, and servers whose addresses are put in at run time.

Who decides what it serves: `podo/network/ingress` and `podo/network/gateway`, each with a process of its own.
"""
