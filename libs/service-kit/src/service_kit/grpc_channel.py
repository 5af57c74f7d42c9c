"""Channels to other services."""

import json

import grpc

_SERVICE_CONFIG = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})


def open_channel(target: str) -> grpc.aio.Channel:
    """A channel to every address behind `target` (`dns:///host:port`), connected on demand.

    Keepalive finds a peer that vanished without a word within 40 s. One that was restarted is found
    again within about a second, at a new address too.
    Options: https://grpc.github.io/grpc/core/group__grpc__arg__keys.html
    """
    return grpc.aio.insecure_channel(
        target,
        options=[
            # A proxy of the environment is for the outside world.
            ("grpc.enable_http_proxy", 0),
            ("grpc.service_config", _SERVICE_CONFIG),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 500),
            ("grpc.max_reconnect_backoff_ms", 1_000),
            # By default a name is asked for again after 30 s only, however soon its address moved.
            ("grpc.dns_min_time_between_resolutions_ms", 1_000),
        ],
    )
