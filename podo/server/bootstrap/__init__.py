"""What every cluster has from its first start: namespaces, priorities, roles, flow control, the API's own Service."""
