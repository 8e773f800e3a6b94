import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";
import { inspect, openList, row } from "./support/harness.mjs";
import { call } from "./support/calls.mjs";

// A service to send requests to again; it says no to all of them.
const received = [];
const service = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  received.push({ method: request.method, url: request.url, coffee: request.headers["x-coffee"], body });
  response.writeHead(418, { "content-type": "application/json" }).end(JSON.stringify({ drink: "tea", of: JSON.parse(body).amount }));
}).listen(0, "127.0.0.1");
await once(service, "listening");
after(() => service.close());
const host = `127.0.0.1:${service.address().port}`;

const PRICES = (changes) => JSON.stringify({ items: [{ sku: "A1", price: 3 }, { sku: "B2", price: 5 }], total: 8, ...changes });

inspect("two calls are compared by what their parts mean", {}, async (inspector) => {
  const [a, b] = await inspector.send(
    call("/prices?page=1", { ago: 2, response: { headers: { "content-type": "application/json", etag: "one" }, body: PRICES({ currency: "EUR" }) } }),
    call("/prices?page=2", { ago: 1, status: 203, response: { headers: { "content-type": "application/json", vary: "accept" }, body: PRICES({ total: 9, tax: 1 }) } }),
  );
  const page = await inspector.page();
  await page.goto(`/b/default/c/${a}`);
  await page.click("#to-compare");
  await page.click("#remember");
  await page.locator("#remembered", { hasText: "This call is remembered" }).waitFor();
  await page.goto(`/b/default/c/${b}`);
  await page.click("#to-compare");
  await page.click("#with-remembered");
  await page.locator("#compare").waitFor();
  const changes = async (id) => (await page.locator(`#${id} tbody tr`).evaluateAll((rows) => rows.map((row) => [row.dataset.kind, ...Array.from(row.cells, (cell) => cell.textContent.trim())])));
  assert.deepEqual(await changes("request-query"), [["changed", "≠ page", "1", "2"]]);
  assert.deepEqual(await changes("response-headers"), [["removed", "− etag", "one", ""], ["added", "+ vary", "", "accept"]]);
  assert.deepEqual(new Set((await changes("response-body")).map((row) => row.join("|"))), new Set([
    'removed|− $.currency|"EUR"|', "added|+ $.tax||1", "changed|≠ $.total|8|9",
  ]));
  assert.match(await page.locator("#result").textContent(), /200.*203/s);
  await page.click("#swap");
  await page.waitForURL(new RegExp(`a=${b}&b=${a}`));
  assert.deepEqual(await changes("request-query"), [["changed", "≠ page", "2", "1"]]);
});

inspect("texts are compared by line, and calls that are the same are said to be", {}, async (inspector) => {
  const text = (body) => call("/text", { response: { headers: { "content-type": "text/plain" }, body } });
  const [a, b, c] = await inspector.send(text("one\ntwo\nthree"), text("one\n2\nthree"), text("one\ntwo\nthree"));
  const page = await inspector.page();
  await page.goto(`/b/default/compare?a=${a}&b=${b}`);
  assert.equal(await page.locator(".diff del").textContent(), "− two\n");
  assert.equal(await page.locator(".diff ins").textContent(), "+ 2\n");
  await page.goto(`/b/default/compare?a=${a}&b=${c}`);
  assert.match(await page.locator("#verdict").textContent(), /the same/);
  assert.equal(await page.locator("ins, del").count(), 0);
});

inspect("an identifier that is none is answered in words", {}, async (inspector) => {
  const [uuid] = await inspector.send(call("/one"));
  const page = await inspector.page();
  inspector.watch.expect(/status of 4/);
  await page.goto(`/b/default/c/${uuid}`);
  await page.click("#to-compare");
  await page.fill("#other", "nothing");
  await page.keyboard.press("Enter");
  await page.locator(".card.narrow").waitFor();
});

inspect("replay is off unless it was switched on, and says how", {}, async (inspector) => {
  const [uuid] = await inspector.send(call("/one"));
  const page = await inspector.page();
  await page.goto(`/b/default/c/${uuid}`);
  assert.match(await page.locator("#retry-off").textContent(), /replay is off.*--replay-to/s);
  assert.ok(await page.locator("#retry-send").isDisabled());
});

inspect("a request is edited, sent again, and compared with the first", { args: ["--replay-to", host] }, async (inspector) => {
  const [uuid] = await inspector.send(call("/brew", {
    method: "POST",
    request: { url: `http://${host}/brew`, headers: { "content-type": "application/json" }, body: '{"amount":1}' },
    response: { body: '{"drink":"coffee","of":1}' },
  }));
  const page = await inspector.page();
  await page.goto(`/b/default/c/${uuid}`);
  await page.keyboard.press("r");
  assert.equal(await page.evaluate(() => document.activeElement.id), "retry-url");
  await page.fill("#retry-url", `http://${host}/brew?strong=1`);
  await page.locator("#retry-headers").press("Control+End");
  await page.locator("#retry-headers").pressSequentially("X-Coffee: black\n");
  await page.fill("#retry-body", '{"amount":3}');
  await page.click("#retry-send");
  await page.locator("#compare").waitFor();
  assert.deepEqual(received, [{ method: "POST", url: "/brew?strong=1", coffee: "black", body: '{"amount":3}' }]);
  assert.match(await page.locator("#request-query").textContent(), /strong.*1/s);
  assert.match(await page.locator("#request-body").textContent(), /\$\.amount.*1.*3/s);
  assert.match(await page.locator("#response-body").textContent(), /\$\.drink.*coffee.*tea/s);
  assert.match(await page.locator("#result").textContent(), /200.*418/s);
  const [, again] = await page.locator(".compared a").all();
  assert.match(await again.locator("xpath=../..").textContent(), /sent again from here/);
  await openList(page);
  assert.equal(await page.locator("#calls tbody tr").count(), 2);
  await row(page, uuid).waitFor();
});
