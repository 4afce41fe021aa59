"""What an agent does now and then so that its machine does not fill up: rotates logs, lets unused images go.

Each file is one task with a `run` that ends only when cancelled; what is to be done is decided by pure functions.
"""
