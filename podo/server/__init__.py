"""The API server: HTTP, authentication, authorization, admission, validation, registry, watch cache.

Generic over kinds: objects are dicts and bytes here. Read `registry/` first. Imports no sibling.
"""
