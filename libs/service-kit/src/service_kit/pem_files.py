"""Certificates and keys in PEM files that are renewed while a service runs."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import structlog

from service_kit.settings import GrpcTlsSettings
from service_kit.start_check import blamed_on

_CERT, _KEY, _CA = "GRPC_TLS_CERT_FILE", "GRPC_TLS_KEY_FILE", "GRPC_TLS_CA_FILE"

_log = structlog.get_logger(__name__)


class _PemFileError(Exception):
    """A file cannot be used; the text says why and nothing of its contents."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(problem)
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Pems:
    """What the files hold; empty where a setting names none."""

    cert: bytes
    key: bytes
    ca: bytes


class PemFiles:
    """The files that `settings` name.

    Exits with code 2 and the name of the setting where one cannot be used now.
    """

    def __init__(self, settings: GrpcTlsSettings) -> None:
        self._cert = settings.grpc_tls_cert_file
        self._key = settings.grpc_tls_key_file
        self._ca = settings.grpc_tls_ca_file
        self._told = ""
        try:
            self._pems = self._read()
            self._check()
        except _PemFileError as error:
            with blamed_on(error.setting, _PemFileError):
                raise

    def current(self) -> Pems:
        """What the files hold now: the same object as before where nothing has changed.

        What cannot be used, such as a certificate whose key is not written yet, is logged once, and
        what was there before it stays.
        """
        try:
            pems = self._read()
            if pems == self._pems:
                return self._pems
            self._check()
            if pems != self._read():
                # Being written just now; the next look finds them whole.
                return self._pems
        except _PemFileError as error:
            if self._told != error.setting:
                self._told = error.setting
                _log.warning("certificate_not_renewed", setting=error.setting, problem=str(error))
        else:
            self._pems, self._told = pems, ""
            _log.info("certificate_renewed")
        return self._pems

    def _read(self) -> Pems:
        return Pems(_read(_CERT, self._cert), _read(_KEY, self._key), _read(_CA, self._ca))

    def _check(self) -> None:
        """Raise where a file is not what its setting says.

        gRPC tells of it in lines of its own only, and a client fails at its calls, not at start.
        """
        for setting, path in ((_CERT, self._cert), (_CA, self._ca)):
            if path is not None:
                _check_certificates(setting, path)
        if self._cert is not None and self._key is not None:
            _check_pair(self._cert, self._key)


def _read(setting: str, path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise _PemFileError(setting, f"cannot be read: {error.strerror}") from error


def _check_certificates(setting: str, path: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as error:  # SSLError is one
        raise _PemFileError(setting, "holds no usable certificate in PEM") from error


def _check_pair(cert: Path, key: Path) -> None:
    try:
        # An empty password: otherwise OpenSSL would ask whoever sits at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except OSError as error:
        problem = f"holds no key in PEM, without password, of the certificate in {_CERT}"
        raise _PemFileError(_KEY, problem) from error
