// The pictures of the README: always the same traffic at the same time. UPDATE_SCREENSHOTS=1 writes them;
// without it they are taken all the same, and looked at.

import assert from "node:assert/strict";
import { mkdtemp, mkdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, row, settled } from "./support/harness.mjs";
import { traffic } from "./support/calls.mjs";

const LARGEST = 300_000;
const NOW = Date.UTC(2026, 10, 20, 14, 32) / 1000;

const CHECKOUT = {
  request: {
    method: "POST",
    url: "https://shop.example.com/v1/checkout?dry_run=false",
    headers: { "content-type": "application/json", authorization: "[redacted]", "user-agent": "shop-web/5.2", accept: "application/json" },
    body: JSON.stringify({ cart: 4711, currency: "EUR", lines: [{ sku: "TEA-042", amount: 2, price: 8.5 }], card: { holder: "Ada Lovelace", number: "[redacted]" } }),
    timestamp: NOW - 1.4,
  },
  response: {
    status: 502,
    reason: "Bad Gateway",
    headers: { "content-type": "application/json", "retry-after": "2", "x-request-id": "7f0c2a9e" },
    body: JSON.stringify({ error: { code: "payment_unavailable", message: "The payment service did not answer in time.", retry: true }, upstream: { host: "payments.internal", waited_ms: 1200 } }),
    response_time: 1.214,
  },
  context: { route: "/v1/checkout", consumer: "web", service: "shop", client_address: "203.0.113.7", protocol: "HTTP/2", total_time: 1.219, outcome: "complete", tags: { region: "eu-central" } },
};

inspect("the pictures of the README are whole", { args: ["--max-age", "36500d"] }, async (inspector) => {
  await inspector.send(...traffic({ count: 2400, span: 4 * 3600, end: NOW - 3 }));
  const [uuid] = await inspector.send(CHECKOUT);
  const update = process.env.UPDATE_SCREENSHOTS === "1";
  const folder = update ? fileURLToPath(new URL("../../docs/", import.meta.url)) : await mkdtemp(join(tmpdir(), "runscope-pictures-"));
  if (update) await mkdir(folder, { recursive: true });
  try {
    const page = await inspector.page({ viewport: { width: 1280, height: 860 } });
    // What is of today is written without its date.
    await page.clock.setFixedTime(NOW * 1000);
    const take = async (name) => {
      await page.mouse.move(0, 0);
      const path = join(folder, name);
      await page.screenshot({ path, animations: "disabled", caret: "hide" });
      await isPicture(path);
    };
    await page.goto("/b/default");
    await settled(page);
    await row(page, uuid).waitFor();
    await take("inspector.png");
    await page.goto(`/b/default/c/${uuid}`);
    await page.locator("#response-body .body-text").waitFor();
    await take("call.png");
  } finally {
    if (!update) await rm(folder, { recursive: true });
  }
});

// A picture of the page’s size, more than a blank one has, and small enough for a README.
async function isPicture(path) {
  const bytes = await readFile(path);
  assert.ok(bytes.length > 20_000 && bytes.length <= LARGEST, `${path}: ${bytes.length} bytes`);
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [1280, 860], path);
}
