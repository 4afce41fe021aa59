"""The data plane: links, address management, Services as nftables, DNS.

Pure functions decide, thin edges apply through netlink (`netlink.py`) and nft (`nft.py`). Knows no Pod worker and no
server. Read `dataplane.py` first: it composes the parts; then `services/rules.py`, which decides how Services balance.
"""
