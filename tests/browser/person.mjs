// Someone at the demo page: does what people do there, and sees what they see.

import { DEADLINE_MS } from "../e2e/support/deadline.mjs";
import { desktop } from "./chromium.mjs";

// While the server is away, Chromium itself reports each attempt to reach it.
const CONNECTION_REPORT = /^WebSocket connection to .* failed|net::ERR_(CONNECTION|SOCKET|EMPTY)/;

export class Person {
  /** What the console says that it should not: errors, violations of the content security policy, uncaught exceptions. */
  complaints = [];

  /** Opens `url` in a browser context of its own, which ends with the test. */
  static async open(world, browser, url, { name, room = "general", ...options } = {}) {
    const context = await browser.newContext({ ...desktop, ...options });
    context.setDefaultTimeout(DEADLINE_MS);
    world.atEnd(() => context.close());
    return Person.#in(context, url, name, room);
  }

  /** The same one in another tab. */
  async anotherTab(url, room = "general") {
    return Person.#in(this.page.context(), url, this.name, room);
  }

  static async #in(context, url, name, room) {
    const person = new Person();
    person.name = name;
    person.page = await context.newPage();
    person.page.on("pageerror", (error) => person.complaints.push(`uncaught: ${error.stack}`));
    person.page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !CONNECTION_REPORT.test(text)) person.complaints.push(text);
    });
    await person.page.goto(`${url}/${name ? `?user=${name}` : ""}#${room}`);
    if (name) await person.isIn(room);
    return person;
  }

  get box() {
    return this.page.getByRole("textbox", { name: "Message", exact: true });
  }
  get rows() {
    return this.page.locator("#messages > li");
  }
  /** The row of the message that has exactly this text. */
  row(text) {
    return this.rows.filter({ has: this.page.locator(".text", { hasText: exactly(text) }) });
  }
  /** A room's line in the side bar. */
  place(title) {
    return this.page.getByRole("navigation").locator("a.room", { has: this.page.locator(".title", { hasText: exactly(title) }) });
  }
  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }
  /** The panel that says what the room is and who is in it. */
  get people() {
    return this.page.getByRole("complementary", { name: "People in this room" });
  }
  get thread() {
    return this.page.getByRole("complementary", { name: "Thread" });
  }
  get threadBox() {
    return this.page.getByRole("textbox", { name: "Reply in the thread" });
  }
  get banner() {
    return this.page.locator("#banner");
  }

  async isIn(title) {
    await this.page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
    await this.page.locator("#room-subtitle", { hasText: /online|here|see/i }).waitFor();
  }

  async write(text) {
    await this.box.fill(text);
    await this.box.press("Enter");
  }
  /** Writes, and waits until the server has it. */
  async say(text) {
    await this.write(text);
    await this.settled(text).waitFor();
  }
  /** The message as the server knows it, in contrast to one that is still on its way. */
  settled(text) {
    return this.row(text).and(this.page.locator("li:not(.sending, .failed, .sent)"));
  }
  sees(text) {
    return this.row(text).waitFor();
  }

  async go(title) {
    await this.place(title).click();
    await this.isIn(title);
  }

  /** Uses a tool of a message. */
  async tool(text, name) {
    await this.row(text).hover();
    await this.row(text).getByRole("button", { name, exact: true }).click();
  }

  /** Chooses from the menu about somebody. */
  async does(name, item) {
    await this.button(`More about ${name}`).click();
    await this.page.getByRole("menuitem", { name: item, exact: true }).click();
  }

  /** Comes back to the tab, or seems to. */
  looksAgain() {
    return this.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  }

  /** The messages' texts, from above. */
  texts() {
    return this.page.locator("#messages .text").allTextContents();
  }
  /** Waits until the page says true to a function that runs there. */
  until(question, argument) {
    return this.page.waitForFunction(question, argument);
  }
}

const exactly = (text) => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}( \\(edited\\))?$`);
