// Hono on Bun without topics: rooms as sets, one JSON text per message, a send loop.
import { Hono } from "hono";
import { createBunWebSocket } from "hono/bun";

const app = new Hono();
const { upgradeWebSocket, websocket } = createBunWebSocket();
const rooms = new Map();

app.get("/ws", upgradeWebSocket(() => {
  let name, room, members, self;
  return {
    onMessage(event, socket) {
      const message = JSON.parse(event.data);
      if (message.type === "join") {
        ({ name, room } = message);
        self = socket;
        members = rooms.get(room);
        if (!members) rooms.set(room, (members = new Set()));
        members.add(self);
        socket.send(JSON.stringify({ type: "joined", room }));
      } else if (members) {
        const text = JSON.stringify({ type: "message", room, from: name, text: message.text });
        for (const member of members) member.send(text);
      }
    },
    onClose() {
      members?.delete(self); // Hono makes a new WSContext for each event on Bun
      if (members?.size === 0) rooms.delete(room);
    },
  };
}));

app.get("/echo", upgradeWebSocket(() => ({
  onMessage: (event, socket) => socket.send(event.data),
})));

Bun.serve({ fetch: app.fetch, websocket, hostname: "127.0.0.1", port: Number(process.env.PORT) });
