"""Who gets in, who may do what, and what is written down of it, with real tools."""
