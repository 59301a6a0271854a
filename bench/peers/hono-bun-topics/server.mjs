// Hono on Bun with Bun's native topics: joining subscribes, a message is one server.publish().
import { Hono } from "hono";
import { createBunWebSocket } from "hono/bun";

const { PORT, TLS_CERT, TLS_KEY, DEFLATE } = process.env;
const app = new Hono();
const { upgradeWebSocket, websocket } = createBunWebSocket();

app.get("/ws", upgradeWebSocket(() => {
  let name, room;
  return {
    onMessage(event, socket) {
      const message = JSON.parse(event.data);
      if (message.type === "join") {
        ({ name, room } = message);
        socket.raw.subscribe(room);
        socket.send(JSON.stringify({ type: "joined", room }));
      } else if (room) {
        server.publish(room, JSON.stringify({ type: "message", room, from: name, text: message.text }), !!DEFLATE);
      }
    },
  };
}));

app.get("/echo", upgradeWebSocket(() => ({
  onMessage: (event, socket) => socket.send(event.data),
})));

const server = Bun.serve({
  fetch: app.fetch,
  hostname: "127.0.0.1",
  port: Number(PORT),
  websocket: { ...websocket, perMessageDeflate: !!DEFLATE },
  ...(TLS_CERT && { tls: { cert: Bun.file(TLS_CERT), key: Bun.file(TLS_KEY) } }),
});
