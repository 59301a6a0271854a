// Hono on Node: @hono/node-server with @hono/node-ws, rooms as sets, a send loop.
import { serve } from "@hono/node-server";
import { createNodeWebSocket } from "@hono/node-ws";
import { Hono } from "hono";

const app = new Hono();
const { injectWebSocket, upgradeWebSocket } = createNodeWebSocket({ app });
const rooms = new Map();

app.get("/ws", upgradeWebSocket(() => {
  let name, room, members;
  return {
    onMessage(event, socket) {
      const message = JSON.parse(event.data);
      if (message.type === "join") {
        ({ name, room } = message);
        members = rooms.get(room);
        if (!members) rooms.set(room, (members = new Set()));
        members.add(socket);
        socket.send(JSON.stringify({ type: "joined", room }));
      } else if (members) {
        const text = JSON.stringify({ type: "message", room, from: name, text: message.text });
        for (const member of members) member.send(text);
      }
    },
    onClose(_event, socket) {
      members?.delete(socket);
      if (members?.size === 0) rooms.delete(room);
    },
  };
}));

app.get("/echo", upgradeWebSocket(() => ({
  onMessage: (event, socket) => socket.send(event.data),
})));

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
injectWebSocket(server);
