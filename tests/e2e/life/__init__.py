"""The life of clusters: what survives which death, and that nothing is left of one that was taken down."""
