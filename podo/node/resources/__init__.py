"""Figures of Pods: what they ask for, their QoS class, and what that is as cgroup settings. Pure functions."""
