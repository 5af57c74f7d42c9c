"""TLS between the services: what servers and clients show each other."""

import grpc

from service_kit.pem_files import PemFiles, Pems
from service_kit.settings import GrpcTlsSettings


def server_credentials(settings: GrpcTlsSettings) -> grpc.ServerCredentials | None:
    """What a server shows, and asks of its clients; None where it speaks plain text.

    With a CA every client has to show a certificate of it (mTLS). Renewed files hold for new
    connections. Exits with code 2 and the name of the setting where a file cannot be used.
    """
    if settings.grpc_tls_cert_file is None:
        return None
    files = PemFiles(settings)
    shown = files.current()

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        # For every new connection, from threads of gRPC; None: as before.
        nonlocal shown
        before, shown = shown, files.current()
        return None if shown is before else _server_configuration(shown)

    return grpc.dynamic_ssl_server_credentials(
        _server_configuration(shown),
        fetch,  # type: ignore[arg-type]  # its stub leaves None out
        require_client_authentication=settings.grpc_tls_ca_file is not None,
    )


def client_files(settings: GrpcTlsSettings) -> PemFiles | None:
    """What a client trusts, and shows where it has a certificate; None where it speaks plain text.

    Exits with code 2 and the name of the setting where a file cannot be used.
    """
    return PemFiles(settings) if settings.grpc_tls_ca_file else None


def channel_credentials(pems: Pems) -> grpc.ChannelCredentials:
    """The same for one channel, which keeps it as long as it lives.

    gRPC for Python has no way to renew it: https://github.com/grpc/grpc/issues/41779
    """
    return grpc.ssl_channel_credentials(pems.ca, pems.key or None, pems.cert or None)


def _server_configuration(pems: Pems) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pems.key, pems.cert)], pems.ca or None)
