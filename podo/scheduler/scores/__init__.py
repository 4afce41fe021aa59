"""Scores: how well a node suits a Pod. One a file; `podo.scheduler.profile` lists those in force with their weights."""
