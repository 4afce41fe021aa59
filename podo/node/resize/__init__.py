"""In-place resize (KEP-1287): what a Pod was granted may differ from what its spec asks for by now.

A worker works with the *granted* Pod: the API's, with the resources that the node has room for (`allocation.py`, pure).
What its containers have by now, the *actuated* resources, follows by one update or restart each (`decide.py`,
`operation.py` in `podo.node.worker`). `words.py` has the conditions and events.
"""
