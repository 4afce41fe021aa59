"""Who a request is from: certificates, static tokens, service account tokens. Read `base.py` first."""
