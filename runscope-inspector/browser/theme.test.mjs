import assert from "node:assert/strict";
import { DESKTOP, PHONE, inspect, openList, settled } from "./support/harness.mjs";
import { call, traffic } from "./support/calls.mjs";

const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3);

inspect("the page is dark or light as the system says, and each of them when chosen", {}, async (inspector) => {
  const [uuid] = await inspector.send(call("/one"));
  for (const theme of ["light", "dark"]) {
    const page = await inspector.page({ theme });
    for (const path of ["/b/default", `/b/default/c/${uuid}`]) {
      await page.goto(path);
      assert.equal(await ground(page) < 128, theme === "dark", `${theme} ${path}`);
    }
    await page.goto("/b/default");
    for (const chosen of ["light", "dark", undefined]) {
      await page.click("#theme");
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), chosen);
      assert.equal(await ground(page) < 128, (chosen ?? theme) === "dark", `${theme}, chosen ${chosen}`);
      assert.match(await page.locator("#theme").textContent(), new RegExp(chosen ?? "auto"));
    }
  }
});

inspect("the chosen theme is kept over a reload and on every page", {}, async (inspector) => {
  const [uuid] = await inspector.send(call("/one"));
  const page = await inspector.page();
  await page.goto("/b/default");
  await page.click("#theme");
  await page.click("#theme");
  for (const path of ["/b", "/b/default", `/b/default/c/${uuid}`, "/b/default/summary"]) {
    await page.goto(path);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    assert.ok(await ground(page) < 128);
  }
});

inspect("no page scrolls sideways, however narrow the screen and long the values", {}, async (inspector) => {
  const long = "x".repeat(2000);
  const now = Date.now() / 1000;
  await inspector.send(...traffic({ count: 80, span: 3600, end: now }));
  const [a, b] = await inspector.send(
    call(`/${long}?${long}=${long}`, { method: "OBSERVE".repeat(4), request: { headers: { [long]: long } }, response: { reason: long, body: JSON.stringify({ [long]: long }) }, context: { route: long, consumer: long, service: long, error: long, tags: { [long]: long } } }),
    call("/short", { response: { headers: { "content-type": "text/plain" }, body: long } }),
  );
  await inspector.server.api("PUT", `/buckets/default/shared/${a}`);
  await inspector.server.api("POST", "/buckets", { name: long.slice(0, 200) });
  for (const viewport of [DESKTOP, { width: 768, height: 1024 }, PHONE, { width: 320, height: 640 }]) {
    const page = await inspector.page({ viewport });
    for (const path of ["/b/default", "/b/default?q=status:5xx", "/b/default?q=" + long, "/b/default/summary", "/b/default/views", "/b/default/connect", "/b", `/b/default/c/${a}`, `/b/default/c/${b}?response=raw`, `/b/default/c/${b}?response=hex`, `/b/default/compare?a=${a}&b=${b}`]) {
      await page.goto(path);
      if (path === "/b/default") await settled(page);
      for (const closed of await page.locator(".confirm > summary").all()) await closed.click();
      const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(wide <= shown, `${viewport.width} ${path.slice(0, 60)}: ${wide} > ${shown}`);
      assert.equal(shown, viewport.width, path);
    }
    for (const menu of ["#to-compare", "#syntax > summary", ".buckets > summary"]) {
      await page.goto(menu === "#to-compare" ? `/b/default/c/${a}` : "/b/default");
      await page.locator(menu).click();
      const box = await page.locator("details.menu[open] > :not(summary)").boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= viewport.width, `${viewport.width} ${menu}: ${JSON.stringify(box)}`);
    }
  }
});

inspect("a phone has the same list, by touch", {}, async (inspector) => {
  await inspector.send(...traffic({ count: 80, span: 3600, end: Date.now() / 1000 }));
  const page = await inspector.page({ viewport: PHONE });
  await openList(page);
  await page.locator("#facets summary").tap();
  await page.locator("#facets a.facet").first().tap();
  await page.locator("#facets li.on").first().waitFor({ state: "attached" });
  await page.locator("#calls tbody tr").first().tap();
  await page.locator("#call-title").waitFor();
});
