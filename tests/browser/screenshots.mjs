// Takes the pictures of the README from a running server with an empty journal:
//
//   build/release/server/confabd --journal memory --port 8080 &
//   node tests/browser/screenshots.mjs http://127.0.0.1:8080 docs/images

import { join } from "node:path";

import { launch, phone } from "./chromium.mjs";
import { Person } from "./person.mjs";

const [url, directory] = process.argv.slice(2);
if (!directory) throw new Error("usage: node screenshots.mjs URL DIRECTORY");

const browser = await launch();
const world = { atEnd() {} }; // closing the browser ends everything
const open = (name, options) => Person.open(world, browser, url, { name, ...options });

try {
  const [alice, bob, maria, jonas] = [await open("alice"), await open("bob"), await open("maria"), await open("jonas")];
  const link = "The plan: https://example.org/release";
  const verdict = "Good try. Here that is just text. 🙂";
  const last = "Only the pictures for the README. I'm on it.";

  await maria.say("Morning! The release candidate is on the test machines.");
  await maria.say(link);
  await bob.tool(link, "React with 👍");
  await alice.row(link).getByRole("button", { name: /^👍 1/ }).click();
  await bob.say("I pulled the plug while it was writing. Nothing is missing after the restart, and nobody saw a message twice.");
  await alice.say("How do you check that?");
  await bob.write("Every client keeps what it was shown, and afterwards:\n```\nfor (const [seq, entry] of shown)\n  assert(log.at(seq) == entry);\n```");
  await alice.sees("Every client keeps what it was shown, and afterwards:for (const [seq, entry] of shown)\n  assert(log.at(seq) == entry);");
  await jonas.say("wrong room, sorry");
  await jonas.tool("wrong room, sorry", "Delete");
  await jonas.button("Delete").last().click();
  await jonas.say(`<img src=x onerror="alert('boo')">`);
  await alice.say(verdict);
  await jonas.tool(verdict, "React with 😂");
  await maria.tool(verdict, "React with ❤️");
  await maria.say("Then let's tag it this afternoon. Is anything left on your side?");

  await alice.page.goto(`${url}/?user=alice#releases`);
  await alice.isIn("releases");
  await alice.go("general");
  for (const [who, room] of [[bob, "incidents"], [jonas, "random"], [maria, "releases"]]) {
    await who.page.goto(`${url}/?user=${who.name}#${room}`);
    await who.isIn(room);
  }
  await maria.say("0.1.0-rc2 is out");
  await maria.say("rc3 as well, rc2 had the wrong date");
  await maria.page.goto(`${url}/?user=maria#@alice`);
  await maria.isIn("alice");
  await maria.say("Do you have a minute?");
  for (const who of [bob, maria, jonas]) await who.go("general");
  await alice.page.reload(); // lists the rooms anew
  await alice.place("random").waitFor();
  await alice.say(last);
  await alice.place("releases").getByText("2 unread").waitFor();
  await bob.box.pressSequentially("Great");
  await alice.page.getByText("bob is typing…").waitFor();

  const take = (person, name) => person.page.screenshot({ path: join(directory, name), animations: "disabled" });
  await take(alice, "chat.png");
  await alice.page.emulateMedia({ colorScheme: "dark" });
  await take(alice, "chat-dark.png");
  const eve = await open("eve", { ...phone, deviceScaleFactor: 1.5 });
  await eve.sees(last);
  await take(eve, "chat-phone.png");
} finally {
  await browser.close();
}
