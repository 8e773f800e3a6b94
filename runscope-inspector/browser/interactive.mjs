// How long the list takes until it can be used: everything on it is there, and a key moves through it.
//
//   $ node runscope-inspector/browser/interactive.mjs LINK [ROUNDS]
//
// LINK is the one that a running inspector prints. Each round is a new browser profile, so nothing is
// cached; the time is from the request for the page on, signing in not included.

import { performance } from "node:perf_hooks";
import { Inspector, closeBrowser, settled, until } from "./support/harness.mjs";

const [link, rounds = "20"] = process.argv.slice(2);
if (!link?.includes("/open?token=")) {
  console.error("usage: node interactive.mjs http://127.0.0.1:4000/open?token=… [ROUNDS]");
  process.exit(2);
}

const times = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const inspector = new Inspector({ base: new URL(link).origin, link, stop: async () => {} });
  const page = await inspector.page({ signedIn: false });
  await page.context().request.get(link);
  const begun = performance.now();
  await page.goto("/b/default");
  await settled(page);
  await page.keyboard.press("j");
  await until(page, () => document.activeElement?.closest("#calls tbody") !== null);
  times.push(performance.now() - begun);
  await inspector.stop();
}
await closeBrowser();
times.sort((a, b) => a - b);
const at = (share) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))]);
console.log(`page to interactive: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms (should be ≤ 1000 ms)`);
