"""Places pending Pods on nodes: queue, snapshot, filters, scores, binding.

Sees the cluster only through `Client`; the only importer of numpy.
"""
