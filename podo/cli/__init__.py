"""podo's command line: one module a verb. Sees a cluster through `podo.cluster` and over HTTPS."""
