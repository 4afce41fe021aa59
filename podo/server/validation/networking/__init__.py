"""Ingresses, network policies, addresses, endpoint slices."""
