"""Copies of requests, made by a script within haproxy: their answers are thrown away. Pure. (docs/adr/0158)

A backend whose requests are copied hands them to the script; that sends the copy to a frontend at a socket, which leads
it to the backend that is named in a header.
"""

from collections.abc import Iterable, Iterator

from podo.network.gateway.plan import Mirrored

SCRIPT, SOCKET, TO = "mirror.lua", "mirror.sock", "txn.to"
LEAD, METHOD = "x-podo-mirror-to", "x-podo-mirror-method"
MOST_BODY = 15000  # bytes: what haproxy's buffer holds of a request


def mirror_lines(mirrors: Iterable[Mirrored]) -> Iterator[str]:
    """The lines of a backend whose requests are copied."""
    body = "{ req.hdr(content-length) -m found } or { req.hdr(transfer-encoding) -m found }"
    yield f"  http-request wait-for-body time 1s if {body}"
    for each in mirrors:
        chance = f" {{ rand({each.whole}) -m int lt {each.part} }}" if each.part < each.whole else ""
        plain = "!{ req.hdr(upgrade) -m found }"
        yield f"  http-request lua.mirror {each.destination.name} if {plain}{chance}"


def mirror_frontend(folder: str) -> Iterator[str]:
    """The frontend that copies arrive at."""
    yield "frontend mirror"
    yield f"  bind unix@{folder}/{SOCKET} mode 600"
    yield f"  http-request set-method %[req.hdr({METHOD})]"
    yield f"  http-request set-var({TO}) req.hdr({LEAD})"
    yield f"  http-request del-header {LEAD}"
    yield f"  http-request del-header {METHOD}"
    yield f"  use_backend %[var({TO})]"
    yield "  http-response return status 204"


def script(folder: str) -> str:
    """The script. Requests whose body is not whole in haproxy's buffer are not copied: no copy is better than half."""
    return f"""\
local dropped = {{"connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding"}}

local function copy(path, headers, body)
  local client = core.httpclient()
  client:post{{url = "http://mirror" .. path, headers = headers, body = body, dst = "unix@{folder}/{SOCKET}"}}
end

core.register_action("mirror", {{"http-req"}}, function(txn, backend)
  local headers, body = txn.http:req_get_headers(), txn.sf:req_body()
  local size = tonumber(txn.sf:req_body_size()) or 0
  if size > #body or #body > {MOST_BODY} then return end
  for _, name in ipairs(dropped) do headers[name] = nil end
  headers["{LEAD}"] = {{[0] = backend}}
  headers["{METHOD}"] = {{[0] = txn.sf:method()}}
  local path = txn.sf:pathq()
  core.register_task(function() copy(path, headers, body) end)
end, 1)
"""
