"""A bot behind a webhook: it answers "!time" and "!roll" in every room. Python without packages.

    CONFAB_KEY=ck_… WEBHOOK_SECRET=whsec_… PORT=9000 python3 bot.py
"""

import base64, hmac, json, os, random, sys, time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

URL = os.environ.get("CONFAB_URL", "http://127.0.0.1:8080")
SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
ANSWERS = {"!time": lambda: datetime.now(timezone.utc).isoformat(), "!roll": lambda: str(random.randint(1, 6))}


def is_genuine(headers, body: bytes) -> bool:
    """Whether the server has signed it, and just now."""
    stamp = headers.get("webhook-timestamp", "0")
    text = f"{headers.get('webhook-id')}.{stamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(SECRET, text, "sha256")).decode()
    signatures = headers.get("webhook-signature", "").split()
    return abs(time.time() - int(stamp)) < 300 and any(hmac.compare_digest(one, expected) for one in signatures)


def take(headers, body: bytes) -> int:
    """The status for the webhook: with 503 it comes again."""
    if not is_genuine(headers, body):
        return 401
    event = json.loads(body)
    room, entry = event["data"].get("room"), event["data"].get("entry", {})
    answer = ANSWERS.get(entry.get("text", "").strip())
    if event["type"] != "message.created" or entry["from"] == "bot" or not answer:
        return 204
    # The key is of the message that is answered: a webhook that comes twice is answered once.
    said = Request(f"{URL}/api/v1/rooms/{quote(room, safe='')}/messages", method="POST",
                   data=json.dumps({"from": "bot", "text": answer(), "reply_to": entry["seq"]}).encode(),
                   headers={"Authorization": f"Bearer {os.environ['CONFAB_KEY']}", "Content-Type": "application/json",
                            "Idempotency-Key": f"answer-{entry['seq']}"})
    try:
        urlopen(said, timeout=10).close()
    except HTTPError as error:
        return 503 if error.code >= 500 or error.code == 429 else 204
    except OSError:
        return 503
    return 204


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(take(self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        self.end_headers()


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
server.serve_forever()
