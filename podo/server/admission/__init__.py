"""Admission plug-ins, one a file. `chain.py` asks them in turn, `../admission_point.py` says what they know."""
