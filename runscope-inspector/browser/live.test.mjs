import assert from "node:assert/strict";
import { inspect, openList, row, until } from "./support/harness.mjs";
import { call } from "./support/calls.mjs";

const many = () => Array.from({ length: 60 }, (_, at) => call(`/before/${at}`, { ago: 600 - at }));

inspect("the first call of all takes the place of the instructions", {}, async (inspector) => {
  const page = await inspector.page();
  await page.goto("/b/default");
  await page.locator("#first-call").waitFor();
  assert.match(await page.locator("#curl").textContent(), /buckets\/default\/messages/);
  const [uuid] = await inspector.send(call("/first"));
  await row(page, uuid).waitFor();
  assert.equal(await page.locator("#first-call").count(), 0);
  assert.match(await page.locator("#count").textContent(), /1 call/);
});

inspect("the lines of the instructions work as they are", {}, async (inspector) => {
  const page = await inspector.page();
  await page.goto("/b/default/connect");
  await page.click("#make-token");
  const token = await page.locator("#write-token").textContent();
  const lines = await page.locator("#curl").textContent();
  const [, url] = lines.match(/curl (\S+)/);
  const [, authorization] = lines.match(/-H 'Authorization: ([^']+)'/);
  const [, body] = lines.match(/--json '([^']+)'/);
  assert.equal(authorization, `Bearer ${token}`);
  await page.goto("/b/default");
  await page.locator("#first-call").waitFor();
  const answer = await fetch(url, { method: "POST", headers: { authorization, "content-type": "application/json" }, body });
  const { data: [{ uuid }] } = await answer.json();
  await row(page, uuid).waitFor();
});

inspect("calls that arrive stand above the others, each once", {}, async (inspector) => {
  await inspector.send(...many());
  const page = await inspector.page();
  await openList(page);
  const [first] = await inspector.send(call("/first"));
  await row(page, first).waitFor();
  const [second] = await inspector.send(call("/second", { status: 503 }));
  await row(page, second).waitFor();
  const ids = await page.locator("#calls tbody tr").evaluateAll((rows) => rows.map((row) => row.id));
  assert.deepEqual(ids.slice(0, 2), [`c-${second}`, `c-${first}`]);
  assert.equal(new Set(ids).size, ids.length);
  assert.match(await row(page, second).textContent(), /503.*shop\.example\/second/s);
});

inspect("a response that comes later completes the row of its request", {}, async (inspector) => {
  await inspector.send(...many());
  const page = await inspector.page();
  await openList(page);
  const { request, response } = call("/halves", { status: 418 });
  const [uuid] = await inspector.send({ unique_identifier: "halves", request });
  await row(page, uuid).waitFor();
  assert.doesNotMatch(await row(page, uuid).textContent(), /418/);
  await inspector.send({ unique_identifier: "halves", response });
  await row(page, uuid).getByText("418").waitFor();
  assert.equal(await row(page, uuid).count(), 1);
});

inspect("pause holds calls back and says how many; resume shows them", {}, async (inspector) => {
  await inspector.send(...many());
  const page = await inspector.page();
  await openList(page);
  await page.click("#live");
  await page.locator("#live-state.paused").waitFor();
  const held = await inspector.send(call("/held/1"), call("/held/2"));
  await page.getByRole("button", { name: "2 new calls" }).waitFor();
  assert.equal(await row(page, held[0]).count(), 0);
  await page.click("#live");
  for (const uuid of held) await row(page, uuid).waitFor();
  assert.ok(await page.locator("#new-calls").isHidden());
});

inspect("a reader further down is left in peace until the new calls are asked for", {}, async (inspector) => {
  await inspector.send(...many());
  const page = await inspector.page();
  await openList(page);
  await page.locator("#calls tbody tr").last().scrollIntoViewIfNeeded();
  await until(page, () => document.getElementById("calls").getBoundingClientRect().top < 0);
  const [uuid] = await inspector.send(call("/new"));
  await page.getByRole("button", { name: "1 new call" }).waitFor();
  assert.equal(await row(page, uuid).count(), 0);
  await page.click("#new-calls");
  await row(page, uuid).waitFor();
  await until(page, () => scrollY === 0);
});

inspect("the tail keeps to the filter", {}, async (inspector) => {
  await inspector.send(...many(), call("/old", { status: 500, ago: 1 }));
  const page = await inspector.page();
  await openList(page, "?q=status:5xx");
  const [passes, , fails] = await inspector.send(call("/good"), call("/good"), call("/bad", { status: 503 }));
  await row(page, fails).waitFor();
  assert.equal(await row(page, passes).count(), 0);
  assert.equal(await page.locator("#calls tbody tr").count(), 2);
});

inspect("the page comes back by itself when the server was away, and misses nothing", {}, async (inspector) => {
  await inspector.send(...many());
  const page = await inspector.page();
  await openList(page);
  // The browser logs each attempt that finds nobody.
  inspector.watch.expect(/console: (Failed to load resource: net::ERR_|.*ERR_CONNECTION_REFUSED|.*ERR_INCOMPLETE_CHUNKED|.*ERR_EMPTY_RESPONSE)/);
  await inspector.server.restart(() => page.locator("#live-state.off").waitFor());
  const [uuid] = await inspector.send(call("/meanwhile"));
  await row(page, uuid).waitFor();
  await page.locator("#live-state.on").waitFor();
});
