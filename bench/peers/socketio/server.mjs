// socket.io with its own rooms, websocket transport only.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });

io.on("connection", (socket) => {
  let name, room;
  socket.on("join", (wanted, user) => {
    name = user;
    room = wanted;
    socket.join(room);
    socket.emit("joined");
  });
  socket.on("send", (text) => {
    if (room) io.to(room).emit("message", { room, from: name, text });
  });
  socket.on("echo", (text) => socket.emit("echo", text));
});

http.listen(Number(process.env.PORT), "127.0.0.1", 4096);
