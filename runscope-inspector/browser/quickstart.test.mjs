import assert from "node:assert/strict";
import { test } from "node:test";
import { Inspector, settled } from "./support/harness.mjs";
import { start, stop } from "./support/server.mjs";

test("the quickstart's link shows the calls of its app, live", { timeout: 120_000 }, async () => {
  const { child, line, before } = await start("examples/quickstart", [], "/open?token=");
  const link = line.replace("The inspector:", "").trim();
  const app = before.match(/The app: +(\S+)/)[1];
  const inspector = new Inspector({ base: new URL(link).origin, link, stop: () => stop(child) });
  try {
    const page = await inspector.page();
    const row = (path) => page.locator("#calls tbody tr", { hasText: path });
    await page.goto("/b/default");
    for (const path of ["/hello/world", "/orders", "/nowhere", "/broken", "/slow"]) await row(path).waitFor();
    await settled(page);
    await fetch(`${app}/hello/you?token=s3cr3t`);
    await row("/hello/you").waitFor();
    assert.match(await row("/hello/you").textContent(), /\[redacted\]|%5Bredacted%5D/);
    await row("/orders").click();
    await page.locator("#request-body .redacted").waitFor();
    assert.doesNotMatch(await page.locator("main").textContent(), /4111|s3cr3t/);
    await page.getByRole("link", { name: "Alerts 1 firing" }).click();
    await page.locator("#firing", { hasText: "The app failed" }).waitFor();
    inspector.watch.isQuiet();
  } finally {
    await inspector.stop();
  }
});
