"""Filters: whether a Pod can run on a node. One a file; `podo.scheduler.profile` lists those in force."""
