"""The IP families that a cluster may have. By itself, since the command line needs it at its start."""

from enum import StrEnum


class IPFamily(StrEnum):
    """Which IP families a cluster has, the primary one first; the names are kind's."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    DUAL = "dual"
