"""A service for the supervisor's tests: `fake_service.py PORT [stubborn | speechless | wrong]`.

GET /readyz says 200, GET /crash ends it with code 3. It has a child of its own, as the worker has.
stubborn: ignores SIGTERM. speechless: never listens. wrong: ends with code 2.
"""

import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/crash":
            os._exit(3)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        sys.stderr.write(f"answered {self.path}\n")


def main(port: int, *manners: str) -> None:
    sys.stderr.write("fake service begins\n")
    if "wrong" in manners:
        sys.exit(2)
    if "stubborn" in manners:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Ends when this process does: its input is a pipe that only this process holds.
    subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    if "speechless" in manners:
        signal.pause()
    ThreadingHTTPServer(("127.0.0.1", port), Answers).serve_forever()


main(int(sys.argv[1]), *sys.argv[2:])
