// What the tests do in any engine: a tab that is looked into by functions that run in its page, and used by a real pointer and real keys.

import { DEADLINE_MS, within } from "../../e2e/support/deadline.mjs";

/** As WebDriver calls them (W3C WebDriver §17.4.2). */
const KEYS = { Enter: "\uE007", Escape: "\uE00C", ArrowUp: "\uE013", ArrowDown: "\uE015", Tab: "\uE004", Shift: "\uE008", Control: "\uE009" };

export class Tab {
  /** What the console says that it should not. @type {string[]} */
  complaints = [];

  // An engine has `goto(url)`, `call(source, args)`, which gives what a function in the page brings, `act(actions)` and `close()`.

  /** What a function brings that runs in the page; arguments and result are JSON. */
  run(f, ...args) {
    return this.call(`async (...args) => JSON.stringify(await (${f})(...args) ?? null)`, args).then(JSON.parse);
  }

  /** Waits until a function says something true, which it is asked with each frame that the page draws. */
  until(f, ...args) {
    const waiting = this.run(
      `async (...args) => {
        const f = ${f};
        const end = performance.now() + ${DEADLINE_MS};
        for (;;) {
          const answer = f(...args);
          if (answer) return answer;
          if (performance.now() > end) return null;
          await new Promise((next) => requestAnimationFrame(next));
        }
      }`,
      ...args,
    ).then((answer) => answer ?? Promise.reject(new Error(`never true: ${f} of ${JSON.stringify(args)}`)));
    return within(waiting, `${f}`, 2 * DEADLINE_MS);
  }

  /** The middle of an element that can be seen, by selector, and by text where there are several. */
  place(selector, text = "") {
    return this.until(
      (selector, text) => {
        const found = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility?.() !== false && one.textContent.includes(text));
        found?.scrollIntoView({ block: "nearest" });
        const { x, y, width, height } = found?.getBoundingClientRect() ?? { width: 0 };
        return width > 0 && { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
      },
      selector,
      text,
    );
  }

  async hover(selector, text) {
    await this.act([pointer([{ type: "pointerMove", ...(await this.place(selector, text)) }])]);
  }

  async click(selector, text) {
    const at = await this.place(selector, text);
    await this.act([pointer([{ type: "pointerMove", ...at }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }])]);
  }

  async type(text) {
    await this.act([keys([...text].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]))]);
  }

  /** One key, with others held: `press("Control", "k")`. */
  async press(...names) {
    const values = names.map((name) => KEYS[name] ?? name);
    await this.act([keys([...values.map((value) => ({ type: "keyDown", value })), ...values.reverse().map((value) => ({ type: "keyUp", value }))])]);
  }
}

const pointer = (actions) => ({ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions });
const keys = (actions) => ({ type: "key", id: "keyboard", actions });
