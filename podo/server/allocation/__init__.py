"""What Services are given from pools: cluster IPs, node ports, health check ports.

`service_fields.py` decides which fields need what (pure); `pools.py` claims in the store; `services.py` joins them
around each write of a Service, and gives back what a failed or finished one no longer needs.
"""
