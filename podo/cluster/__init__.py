"""The life of a local cluster: up, down, nodes, PKI, kubeconfig.

Starts and stops the processes that `podo.main` composes; keeps no state but the state folder.
"""
