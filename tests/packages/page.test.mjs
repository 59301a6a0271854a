// The page in a browser, behind nginx, at a path of the host.

import { chat, openBrowser } from "../browser/stage.mjs";
import { nginx } from "./support/proxies.mjs";

openBrowser();

async function talk(meet, front) {
  const options = { ignoreHTTPSErrors: true };
  const alice = await meet(`${front.url}/chat`, { name: "alice", ...options });
  const bob = await meet(`${front.url}/chat`, { name: "bob", ...options });
  await alice.say("from a path");
  await bob.sees("from a path");
  await bob.page.reload();
  await bob.sees("from a path");
}

chat("people talk at a path of the host, which the server knows of", async (world, meet) => {
  const server = await world.server(["--base-path", "/chat"]);
  await talk(meet, await nginx(world, server, [["location / {", "location /chat {"]]));
});

chat("people talk at a path of the host, which the proxy takes away", async (world, meet) => {
  const server = await world.server();
  const taken = [
    ["location / {", "location /chat/ {"],
    ["proxy_pass http://confab;", "proxy_pass http://confab/;"],
  ];
  await talk(meet, await nginx(world, server, taken));
});
