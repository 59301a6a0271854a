// Chromium for the tests: as Debian packages it, talking to nobody but the server under test.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** The browser's program; CHROMIUM says where it is when it is not Debian's. Without a desktop's windows it needs half of the time. */
const program = process.env.CHROMIUM ?? ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((path) => existsSync(path));

export const desktop = { viewport: { width: 1280, height: 800 }, locale: "en-GB" };
export const phone = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "en-GB" };

/** `more` arguments for the program. */
export const launch = (more = []) =>
  chromium.launch({
    executablePath: program,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", ...more,
    ],
  });
