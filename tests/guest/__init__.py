"""Tests in a machine of their own: Debian's kernel as a process (User Mode Linux) that has cgroup v2 alone.

No hardware virtualisation is needed, and no image: the guest's root is this machine's, read-only, under one in memory.
`machine.py` starts it, `start.sh` is what it does. Its kernel has no nftables, so clusters cannot run there.
"""
