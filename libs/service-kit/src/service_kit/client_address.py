"""Whom an address stands for where limits are counted."""

from ipaddress import IPv6Address, ip_address, ip_network

# What a provider gives one household at least (RFC 6177): its addresses are all the same visitor.
_IPV6_PREFIX = 64


def visitor_at(host: str) -> str:
    """`host` as one visitor: an IPv4 address, or the network of an IPv6 address."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        # A proxy that tells no address, or a unix socket.
        return host[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
