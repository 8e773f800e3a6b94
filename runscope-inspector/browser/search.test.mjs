import assert from "node:assert/strict";
import { DESKTOP, filtered, inspect, openList, row, settled, until } from "./support/harness.mjs";
import { call } from "./support/calls.mjs";

const SOME = [
  call("/checkout", { method: "POST", status: 402, took: 0.9, ago: 50, request: { body: '{"card":"visa"}' }, response: { body: '{"error":{"code":"card_declined"}}' } }),
  call("/products/7?colour=red", { ago: 40 }),
  call("/products/8", { ago: 30, status: 404, context: { consumer: "acme", route: "/products/{id}" } }),
  call("/products/9", { ago: 20, status: 500, context: { consumer: "globex", route: "/products/{id}" } }),
  call("/healthz", { ago: 10, took: 0.001 }),
];

const paths = (page) => page.locator("#calls tbody .path").allTextContents();

async function search(page, q) {
  await page.fill("#q", q);
  await page.keyboard.press("Enter");
  await filtered(page, q);
}

inspect("what is typed is found, in every part of a call", {}, async (inspector) => {
  await inspector.send(...SOME);
  const page = await inspector.page();
  await openList(page);
  for (const [q, expected] of [
    ["declined", ["/checkout"]],
    ["status:4xx", ["/products/8", "/checkout"]],
    ["path:/products/* -status:500", ["/products/8", "/products/7"]],
    ["time:>500ms OR consumer:globex", ["/products/9", "/checkout"]],
    ["response.body.$.error.code:card_declined", ["/checkout"]],
    ["url:colour", ["/products/7"]],
    ["path:/z$/", ["/healthz"]],
  ]) {
    await search(page, q);
    assert.deepEqual(await paths(page), expected, q);
    assert.match(await page.locator("#count").textContent(), new RegExp(`^${expected.length} call`), q);
  }
  await search(page, "nobodywrotethis");
  await page.locator("#none").waitFor();
  assert.deepEqual(await paths(page), []);
});

inspect("a mistake is shown where it is, and what was found stays", {}, async (inspector) => {
  await inspector.send(...SOME);
  const page = await inspector.page();
  inspector.watch.expect(/status of 400/);
  await openList(page);
  await page.fill("#q", "status:oops");
  await page.keyboard.press("Enter");
  await page.locator(".mistake .caret").waitFor();
  assert.match(await page.locator(".mistake p").textContent(), /At character 8: expected/);
  assert.equal(await page.locator("#q").getAttribute("aria-invalid"), "true");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  assert.equal((await paths(page)).length, SOME.length);
  await search(page, "status:500");
  assert.equal(await page.locator(".mistake").count(), 0);
  assert.equal(await page.locator("#q").getAttribute("aria-invalid"), null);
  await page.goto("/b/default?q=status:oops");
  await page.locator(".mistake .caret").waitFor();
});

inspect("every state has a link: back, forward and reload lead to it", {}, async (inspector) => {
  await inspector.send(...SOME);
  const page = await inspector.page();
  await openList(page);
  await search(page, "status:4xx");
  await search(page, "declined");
  await page.goBack();
  await filtered(page, "status:4xx");
  assert.deepEqual(await paths(page), ["/products/8", "/checkout"]);
  await page.goBack();
  await filtered(page, "");
  assert.equal((await paths(page)).length, SOME.length);
  await page.goForward();
  await filtered(page, "status:4xx");
  await page.reload();
  await filtered(page, "status:4xx");
  assert.deepEqual(await paths(page), ["/products/8", "/checkout"]);
});

inspect("facets count, narrow the list, and are taken away again", {}, async (inspector) => {
  await inspector.send(...SOME);
  const page = await inspector.page();
  await openList(page);
  const route = page.locator("#facets section[data-facet=Route] a.facet");
  assert.match(await route.first().textContent(), /\/products\/\{id\}\s*2/);
  await route.first().click();
  await until(page, () => document.getElementById("q").value.startsWith("route:"));
  await page.locator("#facets li.on a.facet").waitFor();
  assert.deepEqual(await paths(page), ["/products/9", "/products/8"]);
  await page.locator("#facets section[data-facet=Consumer] a.facet", { hasText: "acme" }).click();
  await until(page, () => document.getElementById("q").value.includes("acme"));
  assert.deepEqual(await paths(page), ["/products/8"]);
  await page.locator("#facets section[data-facet=Consumer] li.on a.facet").click();
  await until(page, () => !document.getElementById("q").value.includes("acme"));
  await page.locator("#facets section[data-facet=Route] li.on a.facet").click();
  await filtered(page, "");
  assert.equal((await paths(page)).length, SOME.length);
  await page.locator("#facets section[data-facet=Method] li", { hasText: "POST" }).locator("a.facet-not").focus();
  await page.keyboard.press("Enter");
  await until(page, () => document.getElementById("q").value !== "");
  assert.ok(!(await page.locator("#calls tbody .method").allTextContents()).includes("POST"));
});

inspect("facets that a narrow window folds are there again in a wide one", {}, async (inspector) => {
  await inspector.send(...SOME);
  const page = await inspector.page();
  await page.setViewportSize({ width: 600, height: 800 });
  await openList(page);
  const facet = page.locator("#facets a.facet").first();
  await facet.waitFor({ state: "hidden" });
  await page.setViewportSize(DESKTOP);
  await facet.waitFor();
});

inspect("a filter is saved as a view, changed and deleted", {}, async (inspector) => {
  await inspector.send(...SOME);
  const page = await inspector.page();
  await openList(page, "?q=time:%3E500ms");
  await page.locator(".save summary").click();
  await page.fill("#view-name", "Slow");
  await page.keyboard.press("Enter");
  await page.locator("#streams a.saved[aria-current]", { hasText: "Slow" }).waitFor();
  await page.locator("#streams a", { hasText: "All" }).click();
  await filtered(page, "");
  await page.locator("#streams a.saved", { hasText: "Slow" }).click();
  await filtered(page, "time:>500ms");
  assert.deepEqual(await paths(page), ["/checkout"]);
  await page.getByRole("link", { name: "Views" }).click();
  const view = page.locator("#views .view-form");
  await view.locator("[name=name]").fill("Failed");
  await view.locator("[name=filter]").fill("status:5xx");
  await view.getByRole("button", { name: "Save" }).click();
  await page.locator("#views input[value='Failed']").waitFor();
  await view.getByRole("link", { name: "Open" }).click();
  await filtered(page, "status:5xx");
  await page.getByRole("link", { name: "Views" }).click();
  await view.getByRole("button", { name: "Delete" }).click();
  await page.locator(".empty-note").waitFor();
});

inspect("older calls are added below, and the reader goes on there", {}, async (inspector) => {
  const sent = await inspector.send(...Array.from({ length: 130 }, (_, at) => call(`/many/${at}`, { ago: 900 - at })));
  const page = await inspector.page();
  await openList(page);
  const shown = await page.locator("#calls tbody tr").count();
  assert.ok(shown < sent.length);
  await page.click("#older");
  await until(page, (shown) => document.querySelectorAll("#calls tbody tr").length > shown, shown);
  assert.equal(await page.evaluate(() => Array.from(document.querySelectorAll("#calls tbody tr")).indexOf(document.activeElement)), shown);
  while (await page.locator("#older").count()) {
    const before = await page.locator("#calls tbody tr").count();
    await page.click("#older");
    await until(page, (before) => document.querySelectorAll("#calls tbody tr").length > before, before);
  }
  assert.equal(await page.locator("#calls tbody tr").count(), sent.length);
  assert.deepEqual(await page.locator("#calls tbody tr").evaluateAll((rows) => rows.map((row) => row.id)), sent.map((uuid) => `c-${uuid}`).reverse());
});

inspect("the summary leads to the calls of a route", {}, async (inspector) => {
  await inspector.send(...SOME);
  const page = await inspector.page();
  await page.goto("/b/default/summary");
  const line = page.locator("#summary tbody tr", { hasText: "/products/{id}" });
  assert.match(await line.textContent(), /100 %/);
  await line.click();
  await settled(page);
  assert.deepEqual(await paths(page), ["/products/9", "/products/8"]);
});

inspect("the page works in a bucket of its own, and leads from one to the other", {}, async (inspector) => {
  const [uuid] = await inspector.send(...SOME);
  const { data: bucket } = await inspector.server.api("POST", "/buckets", { name: "Staging" });
  const page = await inspector.page();
  await openList(page);
  await page.locator(".buckets summary").click();
  await page.getByRole("link", { name: "Staging" }).click();
  await page.locator("#first-call").waitFor();
  assert.equal(new URL(page.url()).pathname, `/b/${bucket.key}`);
  await page.locator(".buckets summary").click();
  await page.locator(".buckets a", { hasText: "default" }).click();
  await row(page, uuid).waitFor();
});
