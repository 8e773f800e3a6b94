// Captured traffic is written by whoever calls the service. None of it may run, be loaded or be sent
// anywhere, and all of it is to be read as it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DESKTOP, inspect, settled, until } from "./support/harness.mjs";
import { PAYLOADS, planted } from "./support/payloads.mjs";
import { MARK } from "./support/watch.mjs";

// What pages of ours never hold, whatever was captured.
const foreign = () => {
  const own = (url) => new URL(url, location.href).origin === location.origin;
  const found = [];
  for (const element of document.querySelectorAll("*")) {
    const name = element.localName;
    const handlers = element.getAttributeNames().filter((attribute) => attribute.startsWith("on"));
    const wrong = handlers.length > 0
      || (name === "script" && !element.getAttribute("src")?.startsWith("/assets/"))
      || ["iframe", "frame", "object", "embed", "base", "style", "template", "math", "video", "audio", "marquee", "animate", "use", "maction"].includes(name)
      || (name === "meta" && element.httpEquiv)
      || (name === "img" && !element.src.startsWith("data:image/"))
      || (name === "link" && !element.getAttribute("href").startsWith("/assets/"))
      || (["a", "area"].includes(name) && element.hasAttribute("href") && !own(element.href))
      || (element.hasAttribute("formaction"))
      || (name === "form" && element.method !== "dialog" && !own(element.getAttribute("action") ?? ""));
    if (wrong) found.push(element.outerHTML.slice(0, 200));
  }
  return found;
};

// Carriage returns and zero characters do not survive HTML; browsers show what stands for them.
const readable = (text) => text.replace(/\r\n?/g, "\n").replaceAll("\u0000", "\ufffd");

// The mark of the byte order before a text says how it is written, and is none of it.
const readableBody = (text) => readable(text.replace(/^\ufeff/, ""));

async function isInert(inspector, page, what) {
  assert.deepEqual(await page.evaluate(foreign), [], what);
  assert.deepEqual(inspector.watch.taken(), [], what);
}

test("there are many texts, each of another kind", () => {
  assert.ok(PAYLOADS.length >= 40);
  assert.equal(new Set(PAYLOADS).size, PAYLOADS.length);
});

inspect("the watch sees what runs, what is loaded, and what the policy refuses", {}, async (inspector) => {
  const seen = async (options, html, expected) => {
    const page = await inspector.page(options);
    await page.goto("/b/default");
    await page.evaluate((html) => { document.querySelector("main").innerHTML = html; }, html);
    const deadline = Date.now() + 20_000;
    const found = [];
    while (!found.some((what) => expected.test(what)) && Date.now() < deadline) {
      await page.evaluate(() => new Promise(requestAnimationFrame));
      found.push(...inspector.watch.taken());
    }
    assert.ok(found.some((what) => expected.test(what)), `${html}: ${found}`);
    const marked = await page.evaluate(foreign);
    assert.ok(marked.length > 0, html);
    await page.close();
  };
  const unsafe = { bypassCSP: true };
  await seen(unsafe, `<img src=data:, onerror=${MARK}(1)>`, /a script ran/);
  await seen(unsafe, "<img src=data:, onerror=alert(1)>", /a dialog/);
  await seen(unsafe, "<img src=https://elsewhere.invalid/a.png>", /a request to https:\/\/elsewhere/);
  await seen({}, `<img src=data:, onerror=${MARK}(1)>`, /the policy refused script-src/);
  await seen({}, "<img src=https://elsewhere.invalid/a.png>", /the policy refused img-src/);
  // Errors of the console that the above left behind.
  inspector.watch.expect(/console:/);
  inspector.watch.taken();
});

inspect("hostile texts in every place of a call are shown as they are, on every page", { timeout: 300_000 }, async (inspector) => {
  const page = await inspector.page({ viewport: DESKTOP });
  await page.goto("/b/default");
  await page.locator("#first-call").waitFor();
  // They arrive live, as a row each, and are then looked at one by one.
  const [first] = await inspector.send(planted(PAYLOADS[0], 0));
  await page.locator(`#c-${first}`).waitFor();
  const rest = await inspector.send(...PAYLOADS.slice(1).map((text, at) => planted(text, at + 1)));
  const uuids = [first, ...rest];
  await page.locator(`#c-${uuids.at(-1)}`).waitFor();
  await settled(page);
  await isInert(inspector, page, "the live list");

  const pages = [page, await inspector.page(), await inspector.page()];
  const waiting = PAYLOADS.map((text, turn) => ({ text, turn, uuid: uuids[turn] }));
  await Promise.all(pages.map(async (page) => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await look(inspector, page, next);
  }));
});

async function look(inspector, page, { text, turn, uuid }) {
  const what = `${turn}: ${text}`;
  const message = planted(text, turn);
  await page.goto(`/b/default/c/${uuid}`);
  await isInert(inspector, page, `the call, ${what}`);
  const shown = await page.evaluate(() => ({
    method: document.querySelector("#request .url .method").textContent,
    url: document.querySelector("#request .url").textContent,
    names: Array.from(document.querySelectorAll("#request-headers th"), (cell) => cell.textContent),
    values: Array.from(document.querySelectorAll("#request-headers td"), (cell) => cell.textContent),
    facts: Array.from(document.querySelectorAll("#facts dd"), (cell) => cell.textContent),
    tags: Array.from(document.querySelectorAll("#facts .tag dt"), (cell) => cell.textContent),
    reason: document.querySelector("#response .url .status").textContent,
    heading: document.title,
  }));
  const literal = readable(text);
  assert.equal(shown.method, literal, what);
  assert.ok(shown.url.endsWith(readable(message.request.url)), what);
  const lower = (list) => list.map((name) => name.toLowerCase());
  assert.ok(lower(shown.names).includes(literal.toLowerCase()), `${what}: ${shown.names}`);
  for (const value of [literal, `second ${literal}`, `session=${literal}; ${literal}=1`]) assert.ok(shown.values.includes(value), `${what}: ${shown.values}`);
  assert.equal(shown.facts.filter((fact) => fact === literal).length, 9, `${what}: ${shown.facts}`);
  assert.ok(shown.tags.includes(`tag.${literal}`), what);
  assert.ok(shown.reason.includes(literal.slice(0, 80)), what);
  await page.goto(`/b/default/c/${uuid}?request=raw&response=raw&q=${encodeURIComponent(text)}`);
  await isInert(inspector, page, `the raw bodies, ${what}`);
  for (const [side, { body }] of [["request", message.request], ["response", message.response]]) {
    const there = page.locator(`#${side}-body .body-text, #${side}-body > .note`).last();
    // A zero character makes bytes of it, which are shown as such.
    const expected = body.includes("\u0000") ? "Bytes that are no text; Hex shows them." : readableBody(body);
    assert.equal(await there.textContent(), expected, `the raw ${side}, ${what}`);
  }
}

inspect("hostile texts are inert in lists, facets, groups, views, shares and comparisons", { timeout: 300_000 }, async (inspector) => {
  const uuids = await inspector.send(...PAYLOADS.map(planted));
  for (const text of PAYLOADS) {
    const name = text.slice(0, 100);
    await inspector.server.api("POST", "/api/v1/buckets/default/views", { name, filter: JSON.stringify(text.replace(/[\u0000-\u001f]/g, " ")) });
  }
  for (const text of PAYLOADS.slice(0, 10)) await inspector.server.api("POST", "/buckets", { name: text.slice(0, 200) });
  inspector.watch.expect(/status of (400|404)/);
  const page = await inspector.page();
  const visit = async (path, ready) => {
    await page.goto(path);
    if (ready) await page.locator(ready).first().waitFor({ state: "attached" });
    await isInert(inspector, page, path);
  };
  await visit("/b/default", "#facets a.facet");
  for (let more = page.locator("#older"); await more.count();) {
    const before = await page.locator("#calls tbody tr").count();
    await more.click();
    await until(page, (before) => document.querySelectorAll("#calls tbody tr").length > before, before);
  }
  assert.equal(await page.locator("#calls tbody tr").count(), PAYLOADS.length);
  await isInert(inspector, page, "all rows");
  await visit("/b/default/summary", "#summary tbody tr");
  const groups = await page.locator("#summary tbody .route").allTextContents();
  for (const text of PAYLOADS) assert.ok(groups.some((group) => readable(group) === readable(text)), `no group ${text}`);
  await visit("/b/default/views", "#views");
  await visit("/b/default/connect");
  for (let at = 0; at + 1 < uuids.length; at += 6) {
    await visit(`/b/default/compare?a=${uuids[at]}&b=${uuids[at + 1]}`, "#compare");
    assert.ok((await page.locator("#request-headers").textContent()).includes(readable(PAYLOADS[at])));
    const shared = await inspector.server.share(uuids[at]);
    await visit(shared, "#call-title");
    await visit(`${shared}?request=hex&response=raw`, "#call-title");
  }
});

inspect("hostile texts are inert in the filter and in every other field of an address", { timeout: 300_000 }, async (inspector) => {
  const [uuid] = await inspector.send(planted(PAYLOADS[0], 0));
  inspector.watch.expect(/status of (400|401|404)/);
  const page = await inspector.page();
  const stranger = await inspector.page({ signedIn: false });
  for (const text of PAYLOADS) {
    const field = encodeURIComponent(text);
    await page.goto(`/b/default?q=${field}`);
    await isInert(inspector, page, `the filter ${text}`);
    assert.equal(await page.inputValue("#q"), readable(text).replaceAll("\n", ""), text);
  }
  for (const text of PAYLOADS.filter((_, at) => at % 4 === 0)) {
    const field = encodeURIComponent(text);
    for (const path of [`/b/${field}`, `/b/default/${field}`, `/b/default/c/${field}`, `/b/default/compare?a=${field}&b=${uuid}`, `/b/default?stream=${field}&cursor=${field}`, `/b/default/summary?q=${field}&sort=${field}`, `/s/${field}`, `/${field}`]) {
      await page.goto(path);
      await isInert(inspector, page, path);
    }
    await stranger.goto(`/b/default?q=${field}`);
    await isInert(inspector, stranger, `the way in, ${text}`);
    await stranger.goto(`/open?token=${field}`);
    await isInert(inspector, stranger, `a wrong token, ${text}`);
  }
});
