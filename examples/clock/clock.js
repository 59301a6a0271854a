// Shows what the server pushes, and what becomes of the connection.

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

const time = document.getElementById("time");
const state = document.getElementById("state");
let retryMs = RETRY_MIN_MS;

function connect() {
  const socket = new WebSocket(new URL("/ws", location.href.replace(/^http/, "ws")));
  let failed = false;

  socket.onopen = () => {
    state.textContent = "connected";
    retryMs = RETRY_MIN_MS;
  };
  socket.onmessage = ({ data }) => {
    time.textContent = data.slice(11, 23);
    time.dateTime = data;
  };
  socket.onerror = () => {
    failed = true; // a browser does not tell scripts why; "close" always follows
  };
  socket.onclose = ({ code }) => {
    const waitMs = retryMs * (0.5 + Math.random() / 2); // spread, so that not all come back at once
    state.textContent = `${failed ? "error" : "closed"} (${code}), again in ${(waitMs / 1000).toFixed(1)} s`;
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
    setTimeout(connect, waitMs);
  };
}

connect();
