// Plain `ws`: rooms as sets, one JSON text per message, sent to each member in a loop.
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { readFileSync } from "node:fs";
import { WebSocketServer } from "ws";

const { PORT, TLS_CERT, TLS_KEY, DEFLATE } = process.env;
const http = TLS_CERT
  ? createHttps({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) })
  : createHttp();
const wss = new WebSocketServer({ server: http, perMessageDeflate: DEFLATE ? { threshold: 0 } : false });
const rooms = new Map();

wss.on("connection", (socket, request) => {
  if (request.url === "/echo") {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    return;
  }
  let name, room, members;
  socket.on("message", (data) => {
    const message = JSON.parse(data);
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
  });
  socket.on("close", () => {
    members?.delete(socket);
    if (members?.size === 0) rooms.delete(room);
  });
  socket.on("error", () => {}); // "close" follows
});

http.listen(Number(PORT), "127.0.0.1", 4096);
