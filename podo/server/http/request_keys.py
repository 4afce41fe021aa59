"""What a request carries along for whoever writes its answer."""

from aiohttp import web

from podo.server.audit.trail import Trail
from podo.server.fairness.configured import Seat

HEAD = web.RequestKey("head", bytes)
"""Whole header lines that go first in the answer."""
TRAIL = web.RequestKey("trail", Trail)
"""Where the audit log follows the request; missing if it does not."""
SEAT = web.RequestKey("seat", Seat)
"""What a watch holds until its stream has begun; missing if it needs none."""
