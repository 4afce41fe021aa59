"""Validation of the apps group: one module a kind."""
