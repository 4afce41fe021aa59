"""custom.metrics.k8s.io from the Pods themselves: no Prometheus and no adapter is needed to scale on requests a second.

A Pod says by annotations where its metrics are (`prometheus.io/scrape`, `port`, `path`, `scheme`). They are read when
somebody asks. `exposition.py` reads the text format, `readings.py` makes values of it (pure), `scraping.py` fetches,
`answers.py` answers requests.
"""
