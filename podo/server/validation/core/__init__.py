"""Validation of the core group: one module a topic (pod_spec, containers, volumes, service, …)."""
