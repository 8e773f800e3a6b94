import assert from "node:assert/strict";
import { filtered, inspect, settled, until } from "./support/harness.mjs";
import { traffic } from "./support/calls.mjs";

const MANY = 5000;

inspect("a list of thousands shows its newest and stays of use", { timeout: 240_000 }, async (inspector) => {
  const sent = await inspector.send(...traffic({ count: MANY, span: 86_400, end: Date.now() / 1000 }));
  const page = await inspector.page();
  await page.goto("/b/default");
  await settled(page);
  await page.locator(`#c-${sent.at(-1)}`).waitFor();
  assert.ok(await page.locator("#calls tbody tr").count() <= 100);
  await page.fill("#q", "status:5xx time:>100ms");
  await page.keyboard.press("Enter");
  await filtered(page, "status:5xx time:>100ms");
  assert.ok(await page.locator("#calls tbody tr").count() > 0);
  await page.goto("/b/default");
  await settled(page);
  // Many at once: the newest are shown, and the page does not grow without a bound.
  const burst = await inspector.send(...traffic({ count: 2000, span: 60, end: Date.now() / 1000, seed: 8 }));
  await page.locator(`#c-${burst.at(-1)}`).waitFor();
  await until(page, () => document.querySelectorAll("#calls tbody tr").length <= 500);
  await page.keyboard.press("j");
  assert.ok(await page.evaluate(() => document.activeElement === document.querySelector("#calls tbody").firstElementChild));
});
