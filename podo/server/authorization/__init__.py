"""Who may do what. Read `base.py` first."""
