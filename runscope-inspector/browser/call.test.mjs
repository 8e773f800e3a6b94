import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { inspect, openList, row } from "./support/harness.mjs";
import { call } from "./support/calls.mjs";

const ORDER = () => call("/orders?dry=1&tag=a&tag=b", {
  method: "POST",
  status: 201,
  took: 0.12,
  request: { headers: { "content-type": "application/json", authorization: "[redacted]", accept: ["text/html", "application/json"] }, body: '{"item":"tea","amount":2}' },
  response: { body: '{"id":17,"lines":[{"sku":"A1"}],"note":null}' },
  context: { route: "/orders", consumer: "web", service: "shop", total_time: 0.18, tags: { region: "eu" }, outcome: "complete" },
});

async function open(inspector, message, options) {
  const [uuid] = await inspector.send(message);
  const page = await inspector.page(options);
  await page.goto(`/b/default/c/${uuid}`);
  return { page, uuid };
}

inspect("a click on a row opens the call, with all that is known of it", {}, async (inspector) => {
  const [uuid] = await inspector.send(ORDER());
  const page = await inspector.page();
  await openList(page);
  await row(page, uuid).click({ position: { x: 5, y: 5 } });
  await page.locator("#call-title").waitFor();
  assert.equal(new URL(page.url()).pathname, `/b/default/c/${uuid}`);
  assert.match(await page.locator("#call-title").textContent(), /POST\s*shop\.example\/orders/);
  assert.match(await page.locator("#call-result").textContent(), /201.*Created.*120 ms/s);
  assert.match(await page.locator("#timing").textContent(), /120 ms.*60.*ms.*180 ms/s);
  assert.match(await page.locator("#facts").textContent(), /\/orders.*web.*shop.*tag\.region.*eu/s);
  assert.deepEqual(await page.locator("#request-query tr").allTextContents(), ["dry1", "taga", "tagb"]);
  assert.deepEqual(await page.locator("#request-headers tr").allTextContents(), ["content-typeapplication/json", "authorization[redacted]", "accepttext/html", "acceptapplication/json"]);
  assert.equal(await page.locator("#request-headers .redacted").count(), 1);
  assert.equal(await page.locator("#request-body .body-text").textContent(), '{\n  "item": "tea",\n  "amount": 2\n}');
  assert.match(await page.locator("#response-body .body-text").textContent(), /"lines": \[\n\s+\{\n\s+"sku": "A1"/);
  await page.click("#back");
  await row(page, uuid).waitFor();
});

inspect("a body is shown pretty, raw and as bytes, and comes whole as a download", {}, async (inspector) => {
  const { page } = await open(inspector, ORDER());
  const body = page.locator("#response-body");
  const sent = ORDER().response.body;
  await body.getByRole("link", { name: "Raw" }).click();
  await body.locator("a[aria-current]", { hasText: "Raw" }).waitFor();
  assert.equal(await body.locator(".body-text").textContent(), sent);
  assert.match(await page.locator("#request-body .body-text").textContent(), /\n/);
  await body.getByRole("link", { name: "Hex" }).click();
  await body.locator(".hex").waitFor();
  assert.match(await body.locator(".hex").textContent(), /^00000000 {2}7b 22 69 64/);
  const [download] = await Promise.all([page.waitForEvent("download"), body.locator("a.download").click()]);
  assert.equal(await readFile(await download.path(), "utf8"), sent);
});

inspect("each kind of body is made readable", {}, async (inspector) => {
  const base64 = (bytes) => ({ body: Buffer.from(bytes).toString("base64"), body_encoding: "base64" });
  const multipart = ["--x", 'Content-Disposition: form-data; name="who"', "", "ada", "--x", 'Content-Disposition: form-data; name="file"; filename="notes.txt"', "Content-Type: text/plain", "", "hello", "--x--", ""].join("\r\n");
  const dot = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  const page = await inspector.page();
  for (const [name, type, body, expected] of [
    ["xml", "text/xml", { body: "<a><b c='1'>d</b></a>" }, /<a>\n\s+<b c='1'>d<\/b>\n<\/a>/],
    ["form", "application/x-www-form-urlencoded", { body: "who=ada&what=tea+and+cake" }, /who\s*ada\s*what\s*tea and cake/],
    ["multipart", "multipart/form-data; boundary=x", { body: multipart }, /who.*ada.*file.*notes\.txt.*hello/s],
    ["gzip", "application/json", { ...base64(gzipSync('{"packed":true}')), headers: { "content-type": "application/json", "content-encoding": "gzip" } }, /Decoded gzip.*"packed": true/s],
    ["bytes", "application/octet-stream", base64([0, 1, 2, 255]), /00000000\s+00 01 02 ff/],
    ["html", "text/html", { body: "<h1>no heading</h1>" }, /<h1>no heading<\/h1>/],
    ["png", "image/png", base64(dot), /image\/png, 1 × 1/],
  ]) {
    const [uuid] = await inspector.send(call(`/${name}`, { response: { headers: { "content-type": type }, ...body } }));
    await page.goto(`/b/default/c/${uuid}`);
    assert.match(await page.locator("#response-body").innerText(), expected, name);
    if (name === "png") assert.equal(await page.locator("#response-body img").evaluate((image) => image.decode().then(() => image.naturalWidth)), 1);
  }
});

inspect("not captured, cut, masked, empty and unknown are told apart", {}, async (inspector) => {
  const page = await inspector.page();
  for (const [state, body, expected] of [
    [{ state: "not_captured", reason: "log_body_off", size: 12 }, undefined, "not-captured"],
    [{ state: "truncated", reason: "over_cap", size: 5000 }, "the beginning", "truncated"],
    [{ state: "masked", size: 12 }, "[redacted]", "redacted"],
    [{ state: "empty", size: 0 }, undefined, "empty"],
    [undefined, undefined, "unknown"],
  ]) {
    const context = state && { response_body: state };
    const [uuid] = await inspector.send(call("/body", { response: { headers: {}, body }, context }));
    await page.goto(`/b/default/c/${uuid}`);
    await page.locator(`#response-body [data-body="${expected}"]`).waitFor();
    assert.equal(await page.locator("#response-body [data-body]").count(), 1, expected);
  }
});

inspect("the request is copied as a line for a shell", {}, async (inspector) => {
  const { page } = await open(inspector, ORDER(), { permissions: ["clipboard-read", "clipboard-write"] });
  await page.keyboard.press("c");
  await page.locator("#copy-line", { hasText: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^curl /);
  assert.match(copied, /https:\/\/shop\.example\/orders\?dry=1&tag=a&tag=b/);
  assert.match(copied, /\{"item":"tea","amount":2\}/);
  await page.locator("#copy summary").click();
  for (const [id, text] of [["httpie", /^http .*POST/], ["raw", /^POST \/orders\?dry=1/]]) {
    await page.locator(`[data-copy=copy-${id}]`).click();
    await page.locator(`[data-copy=copy-${id}]`, { hasText: "Copied" }).waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), text);
  }
});

inspect("without the clipboard the line is selected instead", {}, async (inspector) => {
  const { page } = await open(inspector, ORDER(), { permissions: [] });
  await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error("denied")); });
  await page.click("#copy-line");
  await page.locator("#copy[open] #copy-curl").waitFor();
  assert.match(await page.evaluate(() => String(getSelection())), /^curl /);
});

inspect("the call comes as an archive", {}, async (inspector) => {
  const { page } = await open(inspector, ORDER());
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "HAR" }).click()]);
  const { log } = JSON.parse(await readFile(await download.path(), "utf8"));
  assert.equal(log.entries[0].request.method, "POST");
});

inspect("a call is shared by a link for one without a token, until it is taken back", {}, async (inspector) => {
  const { page, uuid } = await open(inspector, ORDER());
  await page.click("#share");
  const link = await page.locator("#share-link").textContent();
  const stranger = await inspector.page({ signedIn: false });
  await stranger.goto(link);
  assert.match(await stranger.locator("#call-title").textContent(), /orders/);
  assert.match(await stranger.locator("#response-body .body-text").textContent(), /"sku": "A1"/);
  assert.equal(await stranger.locator("form, #retry, #actions").count(), 0);
  inspector.watch.expect(/status of (401|404)/);
  await stranger.goto(`/b/default/c/${uuid}`);
  assert.equal(await stranger.locator("#call-title").count(), 0);
  await page.goto("/b/default?stream=shared");
  await row(page, uuid).waitFor();
  await page.goto(`/b/default/c/${uuid}`);
  await page.click("#share");
  await page.locator("#share", { hasText: /^Share$/ }).waitFor();
  assert.equal(await page.locator("#share-link").count(), 0);
  assert.equal((await stranger.goto(link)).status(), 404);
});

inspect("newer and older calls are a key away, and keep to the filter", {}, async (inspector) => {
  const [first, , third] = await inspector.send(call("/a", { status: 500, ago: 3 }), call("/b", { ago: 2 }), call("/c", { status: 502, ago: 1 }));
  const page = await inspector.page();
  await page.goto(`/b/default/c/${first}?q=status:5xx`);
  await page.keyboard.press("[");
  await page.waitForURL(new RegExp(third));
  assert.match(await page.locator("#call-title").textContent(), /\/c$/);
  await page.keyboard.press("]");
  await page.waitForURL(new RegExp(first));
  await page.keyboard.press("Escape");
  await row(page, third).waitFor();
  assert.equal(await page.inputValue("#q"), "status:5xx");
});
