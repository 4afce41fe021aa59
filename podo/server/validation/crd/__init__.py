"""CustomResourceDefinitions: names and versions, their schemas, what is structural, what a default may be."""
