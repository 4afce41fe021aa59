"""Which keys a prefix covers, in the order all stores share: that of code points, which UTF-8 keeps."""

_SURROGATES, _AFTER_SURROGATES, _LAST = 0xD800, 0xE000, 0x10FFFF


def prefix_end(prefix: str) -> str:
    """The smallest key after all that begin with `prefix`; "" if there is none (no end)."""
    for at in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[at]) + 1
        if following == _SURROGATES:  # no characters, hence no UTF-8
            following = _AFTER_SURROGATES
        if following <= _LAST:
            return prefix[:at] + chr(following)
    return ""


def key_after(key: str) -> str:
    """The smallest key after `key`."""
    return key + "\0"
