"""The verbs of an unmodified kubectl 1.37, a family a file, against one real cluster."""
