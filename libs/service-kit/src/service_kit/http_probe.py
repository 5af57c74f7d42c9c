"""`python -m service_kit.http_probe PORT PATH`: whether the server on this machine answers 200.

For container engines: an image of Python alone has no curl. The standard library only: it runs
often.
"""

import argparse
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

_TIMEOUT_SECONDS = 5.0


def answers(port: int, path: str) -> bool:
    """Whether `GET path` at that port of 127.0.0.1 is answered with 200, without a 5 s pause."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    """The exit code: 0 where it answers, else 1."""
    parser = argparse.ArgumentParser(prog="service_kit.http_probe")
    parser.add_argument("port", type=int)
    parser.add_argument("path", help="as /readyz")
    arguments = parser.parse_args()
    return 0 if answers(arguments.port, arguments.path) else 1


if __name__ == "__main__":
    sys.exit(main())
