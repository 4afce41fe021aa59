"""The data plane: links, address management, Services as nftables, DNS.

Pure functions decide, thin edges apply through netlink and nft. Knows no Pod worker and no server.
"""
