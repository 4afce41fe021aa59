"""Dynamic resource allocation: claims, templates, classes, slices."""
