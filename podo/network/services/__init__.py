"""Services as nftables: from Services and EndpointSlices to maps, in one transaction a change.

`backends.py` decides which endpoints serve a port, `rules.py` what that is in nftables, `ruleset.py` what changes;
`proxy.py` carries it out. Nothing else in podo writes to these tables.
"""
