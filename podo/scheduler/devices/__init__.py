"""Dynamic resource allocation (KEP-4381): which devices a claim gets on a node.

Pure: claims, classes and slices in, allocations out; the same answer for the same question. Read `allocator.py` first,
then `search.py`. `view.py` holds what informers say, `plan.py` asks the allocator for every node of a Pod.
"""
