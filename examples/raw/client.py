# A client without Confab's library: says something in a room once, and shows what is said there, whatever the network does.
#
#   python3 client.py ws://127.0.0.1:8080/ws general "hello"

import asyncio, json, random, sys, uuid
import websockets

url, room, *texts = sys.argv[1:]
place = {}  # how far we have read: `since` and the `epoch` that it belongs to
unanswered = {at + 1: {"type": "send", "room": room, "key": str(uuid.uuid4()), "text": text} for at, text in enumerate(texts)}


def take(entry):
    if entry["type"] == "message" and not entry.get("deleted"):
        print(f"{entry['seq']} {entry['from']}: {entry.get('text', '')}", flush=True)


def receive(frame):
    if frame["type"] == "error":
        print(f"{frame['code']}: {frame['message']}", file=sys.stderr)
    if "re" in frame and not frame.get("retry"):
        unanswered.pop(frame["re"], None)
    if frame["type"] == "joined":
        if frame["gap"]:
            print("(some messages are missing here)", flush=True)
        if frame["gap"] or "since" not in place:
            place["since"] = frame["head"]  # what came are messages as they are now
        place["epoch"] = frame["epoch"]
    for entry in frame.get("events", [frame] if "seq" in frame and "re" not in frame else []):
        take(entry)
        place["since"] = max(place["since"], entry["seq"])


async def session():
    async with websockets.connect(url, subprotocols=["confab.v1.json"], max_size=2**22) as socket:
        hello = {"type": "hello", "guest": "robin", "resume": [{"room": room, **place}]}
        for frame in [hello, *({"id": id, **command} for id, command in unanswered.items())]:
            await socket.send(json.dumps(frame))
        async for text in socket:
            receive(json.loads(text))


async def main():
    while True:
        try:
            await session()
        except websockets.ConnectionClosedError as lost:
            if lost.rcvd and lost.rcvd.code >= 4500:
                sys.exit(str(lost))
        except (OSError, asyncio.TimeoutError, websockets.InvalidHandshake) as failure:
            print(failure, file=sys.stderr)
        await asyncio.sleep(random.uniform(0, 3))


asyncio.run(main())
