#!/usr/bin/env python3
"""A provider of another family: django-oauth-toolkit with clients, people and lifetimes that the tests know.

    python server.py      listens on a free port of 127.0.0.1 and prints one line: {"issuer":"http://127.0.0.1:PORT/o"}

Everything lies in a temporary folder that goes when the server goes. Beside the provider's own endpoints:
PROVIDER_GRACE in the environment: seconds that a spent refresh token is borne with; none unless said.
    GET /test/requests    what clients asked so far: [{"path":..,"grant_type":..,"client":..,"status":..,"error":..}]
"""

import json
import os
import signal
import sys
import tempfile
import warnings
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

PATIENCE_SECONDS = 30


class Server(ThreadingMixIn, WSGIServer):
    """Answers each request on a thread of its own, so that races happen as they do elsewhere."""

    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    """No line per request: the tests ask for the record instead."""

    timeout = PATIENCE_SECONDS

    def log_message(self, *_):
        pass

    def address_string(self):
        return self.client_address[0]


def leave(*_):
    sys.exit(0)


def main():
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    warnings.simplefilter("ignore", DeprecationWarning)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(("127.0.0.1", 0), Quiet)
        base = f"http://127.0.0.1:{server.server_port}"
        os.environ.update(DJANGO_SETTINGS_MODULE="settings", PROVIDER_BASE=base, PROVIDER_FOLDER=folder)
        from django.core.wsgi import get_wsgi_application

        server.set_app(get_wsgi_application())
        from seed import seed

        seed()
        print(json.dumps({"issuer": f"{base}/o"}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
