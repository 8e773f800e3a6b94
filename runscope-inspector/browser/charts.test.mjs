import assert from "node:assert/strict";
import { filtered, inspect, openList, settled, until } from "./support/harness.mjs";
import { call } from "./support/calls.mjs";

// Ten minutes with a call every ten seconds, and a minute in which all fail.
const TEN_MINUTES = () => Array.from({ length: 60 }, (_, at) => call(`/at/${at}`, { ago: 600 - at * 10, status: at >= 30 && at < 36 ? 503 : 200 }));

const rows = (page) => page.locator("#calls tbody tr").count();

async function zoomed(page, before) {
  await until(page, (before) => {
    const q = document.getElementById("q").value;
    return q !== before && q.includes("since:") && q.includes("before:");
  }, before);
  await settled(page);
}

inspect("a span that is brushed with the pointer is zoomed to, and left again", {}, async (inspector) => {
  await inspector.send(...TEN_MINUTES());
  const page = await inspector.page();
  await openList(page);
  const { x, y, width, height } = await page.locator("#plot").boundingBox();
  await page.mouse.move(x + width * 0.3, y + height / 3);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.45, y + height / 3);
  await page.locator("#brush.selecting").waitFor();
  await page.mouse.move(x + width * 0.6, y + height / 3);
  const said = await page.locator("#plot .tip").textContent();
  await page.mouse.up();
  await zoomed(page, "");
  const found = await rows(page);
  assert.ok(found > 8 && found < 30, String(found));
  assert.match(said, new RegExp(`: ${found} calls`));
  await page.click("#zoom-out");
  await filtered(page, "");
  await settled(page);
  assert.equal(await rows(page), await page.locator("#count strong").textContent().then((text) => Math.min(Number.parseInt(text, 10), 50)));
});

inspect("a span is selected, zoomed to and left by keys", {}, async (inspector) => {
  await inspector.send(...TEN_MINUTES());
  const page = await inspector.page();
  await openList(page);
  const plot = page.locator("#plot");
  assert.equal(await plot.getAttribute("role"), "slider");
  await plot.focus();
  await page.keyboard.press("Home");
  const first = await plot.getAttribute("aria-valuetext");
  for (let at = 0; at < 10; at += 1) await page.keyboard.press("ArrowRight");
  assert.notEqual(await plot.getAttribute("aria-valuetext"), first);
  for (let at = 0; at < 20; at += 1) await page.keyboard.press("Shift+ArrowRight");
  const [, calls] = (await plot.getAttribute("aria-valuetext")).match(/ to .*: (\d+) calls?$/);
  await page.keyboard.press("Enter");
  await zoomed(page, "");
  assert.equal(await rows(page), Number(calls));
  const q = await page.inputValue("#q");
  await plot.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Shift+Home");
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#brush").isHidden());
  assert.equal(await page.inputValue("#q"), q);
  await page.keyboard.press("Backspace");
  await filtered(page, "");
});

inspect("a zoom keeps the rest of the filter", {}, async (inspector) => {
  await inspector.send(...TEN_MINUTES());
  const page = await inspector.page();
  await openList(page, "?q=status:5xx");
  assert.equal(await rows(page), 6);
  await page.locator("#plot").focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+End");
  await page.keyboard.press("Enter");
  await zoomed(page, "status:5xx");
  assert.match(await page.inputValue("#q"), /^status:5xx /);
  assert.equal(await rows(page), 6);
});

inspect("what the chart shows is there as a table", {}, async (inspector) => {
  await inspector.send(...TEN_MINUTES());
  const page = await inspector.page();
  await openList(page);
  await page.locator(".as-table summary").click();
  const counts = await page.locator("#timeline-table tr[data-bar]").evaluateAll((rows) => rows.map((row) => Number(row.dataset.count)));
  assert.equal(counts.reduce((sum, count) => sum + count, 0), 60);
});
