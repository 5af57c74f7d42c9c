"""Channels to other services."""

import json

import grpc

from service_kit.grpc_tls import channel_credentials
from service_kit.pem_files import PemFiles, Pems
from service_kit.renewed_channel import RenewedChannel
from service_kit.traced_channel import TracedChannel
from service_kit.tracing import is_tracing

_OPTIONS = [
    # A proxy of the environment is for the outside world.
    ("grpc.enable_http_proxy", 0),
    # By default the channels of a process share what they know of an address: one that is opened
    # once a server is up would be refused because another found nobody there a moment before.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # By default a name is asked for again after 30 s only, however soon its address moved.
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
]


def open_channel(target: str, files: PemFiles | None = None) -> grpc.aio.Channel:
    """A channel to every address behind `target` (`dns:///host:port`), connected on demand.

    With `files` (`grpc_tls.client_files`) it speaks TLS, and the server's certificate has to name
    the host of `target`; without, plain text. Renewed files hold for calls 10 s later.

    Keepalive finds a peer that vanished without a word within 40 s. One that was restarted is found
    again within about a second, at a new address too.
    Options: https://grpc.github.io/grpc/core/group__grpc__arg__keys.html
    """
    channel = _open(target, files)
    return TracedChannel(channel) if is_tracing() else channel


def _open(target: str, files: PemFiles | None) -> grpc.aio.Channel:
    if files is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)

    def open_with(pems: Pems) -> grpc.aio.Channel:
        return grpc.aio.secure_channel(target, channel_credentials(pems), options=_OPTIONS)

    return RenewedChannel(files, open_with)
