"""Persistent volumes: provisioners, the CSI client, snapshots."""
