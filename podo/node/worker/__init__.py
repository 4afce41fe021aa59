"""Pod workers: one loop a Pod that brings what runs to what is wanted.

Read `decide.py` first: the pure heart, (wanted Pod, what is observed, the time) → actions; `state.py` is what it reads,
`actions.py` what it answers. `loop.py` applies the actions, `dispatch.py` gives each Pod of this node its worker.
Workers know the runtime, images and volumes by their protocols, and the API only through `Client`.
"""
