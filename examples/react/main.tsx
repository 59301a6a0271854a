// Where the app meets the page: /?user=alice, and &url=http://127.0.0.1:8080/ws for a server elsewhere.

import { createRoot, hydrateRoot } from "react-dom/client";

import { App } from "./App.js";

const parameters = new URLSearchParams(location.search);
const options = { guest: parameters.get("user") ?? "guest", url: parameters.get("url") ?? undefined };

const root = document.getElementById("root")!;
if (root.firstChild) hydrateRoot(root, <App options={options} />); // rendered on a server
else createRoot(root).render(<App options={options} />);
