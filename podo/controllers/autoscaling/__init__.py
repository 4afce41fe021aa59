"""HorizontalPodAutoscaler: as many Pods as their metrics ask for.

`controller.py` reads and writes; `proposals.py` gets the figures of each metric and asks `calculator.py` how many Pods
they call for; `behavior.py` says how much of that may happen now; `conditions.py` keeps the conditions. `metrics.py` is
what is asked for figures, `rest.py` asks the metrics APIs. Calculator, behaviour and conditions are pure.
"""
