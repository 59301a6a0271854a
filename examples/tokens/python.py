"""A backend that says who its users are, in Python without packages. It has two parts:

/login?as=alice   stands for your own sign-in: it makes a session and keeps it in a cookie
/chat-token       is what you need: it answers the session's user with a token for the chat

    python3 python.py       PORT=8000 CONFAB_JWT_SECRET_FILE=secret
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

with open(os.environ.get("CONFAB_JWT_SECRET_FILE", "secret"), "rb") as file:
    SECRET = file.read().removesuffix(b"\n")  # as the chat server reads it
SESSIONS = {}


def encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token_for(user: dict) -> bytes:
    header = {"alg": "HS256", "typ": "JWT"}
    # Short: the client asks for another one in time.
    claims = {"sub": user["id"], "name": user["name"], "exp": int(time.time()) + 10 * 60}
    text = b".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return text + b"." + encoded(hmac.new(SECRET, text, hashlib.sha256).digest())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        user = SESSIONS.get(cookie.value) if cookie else None
        name = parse_qs(url.query).get("as", [""])[0]
        if url.path == "/login" and name:
            key = secrets.token_urlsafe()
            SESSIONS[key] = {"id": name, "name": name}
            self.answer(303, b"", {"Location": "/", "Set-Cookie": f"session={key}; HttpOnly; SameSite=Lax; Path=/"})
        elif url.path == "/chat-token":
            if user is None:
                self.answer(401, b"sign in first\n")
            else:
                self.answer(200, token_for(user), {"Content-Type": "text/plain", "Cache-Control": "no-store"})
        else:
            self.answer(404, b"")

    def answer(self, status: int, body: bytes, headers: dict = {}):
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
server.serve_forever()
