import assert from "node:assert/strict";
import { filtered, inspect, settled, until } from "./support/harness.mjs";
import { call } from "./support/calls.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName);

inspect("the whole way, from the sign-in to a call and to a search, is gone by keys alone", {}, async (inspector) => {
  const sent = await inspector.send(...Array.from({ length: 60 }, (_, at) => call(`/way/${at}`, { ago: 600 - at, status: at % 10 ? 200 : 500 })));
  const [newest, second, third] = sent.toReversed();
  const page = await inspector.page({ signedIn: false });
  inspector.watch.expect(/status of 401/);
  await page.goto("/");
  await page.locator("input[name=token]").waitFor();
  if (await page.evaluate(() => document.activeElement.name !== "token")) await tabTo(page, "input[name=token]");
  await page.keyboard.insertText(inspector.server.token);
  await page.keyboard.press("Enter");
  await settled(page);

  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "main");

  await page.keyboard.press("j");
  assert.equal(await focused(page), `c-${newest}`);
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(page), `c-${third}`);
  await page.keyboard.press("k");
  assert.equal(await focused(page), `c-${second}`);
  assert.equal(await page.locator('#calls tbody tr[tabindex="0"]').count(), 1);

  await page.keyboard.press("Enter");
  await page.locator("#call-title").waitFor();
  assert.ok(page.url().includes(second));
  await page.keyboard.press("]");
  await page.waitForURL(new RegExp(third));
  await page.keyboard.press("[");
  await page.waitForURL(new RegExp(second));
  await page.locator("#call-title").waitFor();
  await page.keyboard.press("Escape");
  await settled(page);

  await page.keyboard.press("/");
  assert.equal(await focused(page), "q");
  await page.keyboard.type("status:5xx");
  await page.keyboard.press("Enter");
  await filtered(page, "status:5xx");
  await page.keyboard.press("ArrowDown");
  assert.match(await focused(page), /^c-/);
  await page.keyboard.press("End");
  assert.ok(await page.evaluate(() => document.activeElement === document.querySelector("#calls tbody").lastElementChild));
  await page.keyboard.press("Home");
  assert.ok(await page.evaluate(() => document.activeElement === document.querySelector("#calls tbody").firstElementChild));
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "BODY");
});

inspect("pause, new calls and help have keys, and a dialog keeps them to itself", {}, async (inspector) => {
  await inspector.send(...Array.from({ length: 20 }, (_, at) => call(`/way/${at}`, { ago: 60 - at })));
  const page = await inspector.page();
  await page.goto("/b/default");
  await settled(page);
  await page.keyboard.press("p");
  await page.locator("#live-state.paused").waitFor();
  const [uuid] = await inspector.send(call("/held"));
  await page.locator("#new-calls:not([hidden])").waitFor();
  await page.keyboard.press("n");
  await page.locator(`#c-${uuid}`).waitFor();
  await page.keyboard.press("?");
  await page.locator("#keys[open]").waitFor();
  await page.keyboard.press("j");
  assert.ok(await page.evaluate(() => document.getElementById("keys").contains(document.activeElement)));
  await page.keyboard.press("Escape");
  await page.locator("#keys:not([open])").waitFor({ state: "attached" });
  await page.keyboard.press("Space");
  await page.locator("#live-state.on").waitFor();
});

inspect("whatever can be clicked is reached by Tab, shows that it is, and nothing traps", {}, async (inspector) => {
  const [uuid] = await inspector.send(call("/one", { request: { body: '{"a":1}' }, response: { body: '{"b":2}' } }));
  const page = await inspector.page();
  for (const path of ["/b/default", `/b/default/c/${uuid}`, "/b/default/summary", "/b/default/views", "/b/default/connect", "/b", `/b/default/compare?a=${uuid}&b=${uuid}`]) {
    await page.goto(path);
    if (path === "/b/default") await settled(page);
    await page.evaluate(() => document.activeElement.blur());
    const unseen = new Set();
    const reached = new Set();
    for (let at = 0; at < 200; at += 1) {
      await page.keyboard.press("Tab");
      const found = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === document.body) return null;
        const known = element.dataset.reached !== undefined;
        element.dataset.reached = "";
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const shows = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
        return { known, shows, name: `${element.tagName}#${element.id}.${element.className}` };
      });
      if (found === null || found.known) break;
      reached.add(found.name);
      if (!found.shows) unseen.add(found.name);
    }
    assert.deepEqual([...unseen], [], path);
    const missed = await page.evaluate(() => Array.from(document.querySelectorAll("a[href], button, input, textarea, summary, [tabindex='0']"))
      .filter((element) => element.dataset.reached === undefined && element.tabIndex >= 0 && !element.disabled && element.type !== "hidden" && element.checkVisibility({ visibilityProperty: true }) && !element.closest("fieldset:disabled"))
      .map((element) => element.outerHTML.slice(0, 120)));
    assert.deepEqual(missed, [], path);
    assert.ok(reached.size > 5, path);
  }
});

async function tabTo(page, selector) {
  await until(page, () => document.readyState === "complete");
  for (let at = 0; at < 30; at += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((selector) => document.activeElement.matches(selector), selector)) return;
  }
  assert.fail(`${selector} is not reached by Tab`);
}
