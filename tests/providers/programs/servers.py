#!/usr/bin/env python3
"""A mail relay, the API of a cluster, a registry and a page behind a token, on loopback and with TLS.

  servers.py USERINFO FOLDER   the provider's userinfo endpoint; a folder with cert.pem and key.pem

A token is taken when the provider says so. Prints one line of JSON: where each is; then one for each thing that was
done with a token that was taken. Ends with its standard input.
"""

import base64
import hashlib
import http.server
import json
import os
import socketserver
import ssl
import sys
import threading
import urllib.request

userinfo, folder = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
lock = threading.Lock()

LABEL = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
KIND = "application/vnd.docker.distribution.manifest.v2+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


IMAGE = json.dumps({
    "schemaVersion": 2,
    "mediaType": KIND,
    "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json", "digest": digest(LABEL), "size": len(LABEL)},
    "layers": [],
}).encode()


def tell(**what):
    with lock:
        print(json.dumps(what), flush=True)


def is_taken(token):
    """Whether the provider says so."""
    asked = urllib.request.Request(userinfo, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status == 200
    except OSError:
        return False


class Relay(socketserver.StreamRequestHandler):
    """SMTP with STARTTLS (RFC 3207), XOAUTH2 and OAUTHBEARER (RFC 7628)."""

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())
        self.wfile.flush()

    def listen(self):
        return self.rfile.readline().decode().rstrip("\r\n")

    def handle(self):
        self.user, self.is_secure = None, False
        self.say("220 localhost")
        while True:
            line = self.listen()
            words = line.split()
            word = words[0].upper() if words else ""
            if word in ("", "QUIT"):
                return self.say("221 bye")
            if word == "EHLO":
                self.say("250-localhost")
                self.say("250 AUTH XOAUTH2 OAUTHBEARER" if self.is_secure else "250 STARTTLS")
            elif word == "STARTTLS":
                self.say("220 go on")
                self.request = context.wrap_socket(self.request, server_side=True)
                self.setup()
                self.is_secure = True
            elif word == "AUTH" and self.is_secure:
                self.sign_in(words[1].upper(), words[2] if len(words) > 2 else None)
            elif self.user is None:
                self.say("530 sign in first")
            elif word == "DATA":
                self.take_in()
            else:
                self.say("250 fine")

    def sign_in(self, mechanism, first):
        if first is None:
            self.say("334 ")
            first = self.listen()
        parts = base64.b64decode(first).decode().split("\x01")
        user = parts[0].removeprefix("user=") if mechanism == "XOAUTH2" else parts[0][len("n,a="):-1]
        tokens = [part.removeprefix("auth=Bearer ") for part in parts if part.startswith("auth=Bearer ")]
        if len(tokens) == 1 and is_taken(tokens[0]):
            self.user, self.mechanism = user, mechanism
            return self.say("235 welcome")
        self.say("334 " + base64.b64encode(b'{"status":"401"}').decode())
        self.listen()
        self.say("535 no")

    def take_in(self):
        self.say("354 go on")
        lines = []
        while (line := self.listen()) != ".":
            lines.append(line)
        tell(relay=self.mechanism, user=self.user, message="\n".join(lines))
        self.say("250 taken")


class Pages(http.server.BaseHTTPRequestHandler):
    """A cluster takes the token as bearer, a registry as the password of Basic."""

    def log_message(self, *_):
        pass

    def token(self):
        kind, _, word = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            user, _, word = base64.b64decode(word).decode().partition(":")
            return user, word
        return None, word

    def do_GET(self):
        user, token = self.token()
        is_registry = self.path.startswith("/v2/")
        if not token or is_registry != (user is not None) or not is_taken(token):
            return self.answer(401, "application/json", b"{}", Basic=is_registry)
        tell(page=self.path, user=user)
        if "/manifests/" in self.path:
            self.answer(200, KIND, IMAGE)
        elif "/blobs/" in self.path:
            self.answer(200, "application/octet-stream", LABEL)
        else:
            self.answer(200, "text/plain", b"ok")

    do_HEAD = do_GET

    def answer(self, status, kind, body, Basic=False):
        self.send_response(status)
        if Basic:
            self.send_header("WWW-Authenticate", 'Basic realm="registry"')
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Docker-Content-Digest", digest(body))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def start(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


relay = Server(("127.0.0.1", 0), Relay)
pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
pages.socket = context.wrap_socket(pages.socket, server_side=True, do_handshake_on_connect=False)
tell(relay=start(relay), pages=start(pages))
sys.stdin.read()
os._exit(0)
