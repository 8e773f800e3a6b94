import assert from "node:assert/strict";
import { inspect, settled } from "./support/harness.mjs";
import { call } from "./support/calls.mjs";

const key = (page) => new URL(page.url()).pathname.split("/")[2];

for (const javaScriptEnabled of [true, false]) {
  inspect(`a bucket is made, cleared and deleted by keys alone, ${javaScriptEnabled ? "with" : "without"} scripts`, {}, async (inspector) => {
    const page = await inspector.page({ javaScriptEnabled });
    const press = async (selector, ...keys) => {
      await page.locator(selector).focus();
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.goto("/b/default/summary");
    await press(".buckets > summary", "Enter");
    await press("#all-buckets", "Enter");
    await page.waitForURL(/\/b$/);
    assert.match(await page.locator("#bucket-default").textContent(), /0 calls/);

    await page.locator("#bucket-name").focus();
    await page.keyboard.insertText("Shop");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/connect$/);
    const made = key(page);
    const sent = await inspector.server.api("POST", `/buckets/${made}/messages`, [call("/one"), call("/two")]);
    assert.equal(sent.data.length, 2);

    const forget = async (what) => {
      await page.goto("/b");
      await press(`details:has(#${what}-${made}) > summary`, "Enter");
      // Without its box ticked, the form is not sent: the browser says so and nothing is asked for.
      await press(`#${what}-${made} button`, "Enter");
      await press(`#${what}-${made} input`, "Space");
      const [answer] = await Promise.all([
        page.waitForResponse((answer) => answer.request().method() === "POST"),
        press(`#${what}-${made} button`, "Enter"),
      ]);
      assert.equal(answer.status(), 303);
      await page.waitForURL(/\/b$/);
    };
    await page.goto("/b");
    assert.match(await page.locator(`#bucket-${made}`).textContent(), /Shop.*2 calls/);
    await forget("clear");
    assert.match(await page.locator(`#bucket-${made}`).textContent(), /0 calls/);
    await forget("delete");
    assert.equal(await page.locator(`#bucket-${made}`).count(), 0);
    assert.equal(await page.locator("#bucket-default").count(), 1);
  });
}

inspect("a new bucket shows its first call live", {}, async (inspector) => {
  const page = await inspector.page();
  await page.goto("/b");
  await page.fill("#bucket-name", "Shop");
  await page.click("#new-bucket button");
  await page.waitForURL(/\/connect$/);
  const made = key(page);
  await page.goto(`/b/${made}`);
  await page.locator("#first-call").waitFor();
  await inspector.server.api("POST", `/buckets/${made}/messages`, call("/one"));
  await page.locator("#calls tbody tr").first().waitFor();
  await settled(page);
});
