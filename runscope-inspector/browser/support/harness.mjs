// A test of the page: an inspector and a browser of its own, signed in by the printed link, that
// fails also by what goes wrong unseen.

import { after, test } from "node:test";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { Server } from "./server.mjs";
import { Watch } from "./watch.mjs";

// For states that come at once; only a hang is ever waited for so long.
const PATIENCE = 30_000;

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path && existsSync(path));

let browser = null;

async function launched() {
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  return browser;
}

export const closeBrowser = () => browser?.close();

after(closeBrowser);

// Runs a test with an inspector; `args` are the program's.
export function inspect(name, { args = [], timeout = 120_000 } = {}, body) {
  test(name, { timeout }, async () => {
    const inspector = new Inspector(await Server.start(args));
    try {
      await body(inspector);
      inspector.watch.isQuiet();
    } finally {
      await inspector.stop();
    }
  });
}

export class Inspector {
  watch = new Watch();
  #contexts = [];

  // A `server` is anything with a `base`, a sign-in `link`, and `stop`.
  constructor(server) {
    this.server = server;
  }

  send(...messages) {
    return this.server.send(...messages);
  }

  // A page of a new browser profile. `theme` is what the system asks for.
  async page({ theme = "light", viewport = DESKTOP, signedIn = true, bypassCSP = false, ...more } = {}) {
    const phone = viewport.width < 600;
    const context = await (await launched()).newContext({
      baseURL: this.server.base,
      viewport,
      colorScheme: theme,
      hasTouch: phone,
      isMobile: phone,
      locale: "en-GB",
      timezoneId: "UTC",
      bypassCSP,
      ...more,
    });
    this.#contexts.push(context);
    context.setDefaultTimeout(PATIENCE);
    await this.watch.over(context, this.server.base);
    const page = await context.newPage();
    if (signedIn) await page.goto(this.server.link);
    return page;
  }

  async stop() {
    for (const context of this.#contexts) await context.close();
    await this.server.stop();
  }
}

// The list, once everything on it is there: charts, facets, the live tail.
export async function openList(page, query = "") {
  await page.goto(`/b/default${query}`);
  await settled(page);
}

export async function settled(page) {
  await page.locator("#plot").waitFor();
  await page.locator("#facets .facets-fold").waitFor({ state: "attached" });
  await page.locator("#live-state.on").waitFor();
}

// Waits until a function of the page gives what is true.
export function until(page, holds, argument) {
  return page.waitForFunction(holds, argument);
}

// Waits until the filter is what is expected, and what it finds is shown.
export async function filtered(page, q) {
  await until(page, (q) => document.getElementById("q").value === q
    && (new URL(location.href).searchParams.get("q") ?? "") === q
    && !document.getElementById("results").hasAttribute("aria-busy"), q);
}

export function row(page, uuid) {
  return page.locator(`#c-${uuid}`);
}
