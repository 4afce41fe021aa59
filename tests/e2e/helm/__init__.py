"""Helm v4 against podo: charts as users have them, released by Helm's own code."""
