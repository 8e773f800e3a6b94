import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after } from "node:test";
import { DESKTOP, PHONE, inspect, until } from "./support/harness.mjs";
import { isAccessible } from "./support/axe.mjs";
import { call } from "./support/calls.mjs";
import { PAYLOADS } from "./support/payloads.mjs";

// What takes notices, on a port that the inspector may send to.
const received = [];
const receiver = createServer(async (request, answer) => {
  let body = "";
  for await (const part of request) body += part;
  received.push({ headers: request.headers, body });
  answer.end("heard");
  receiver.emit("received");
});
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");
after(() => receiver.close());
const HOOK = `http://127.0.0.1:${receiver.address().port}/hook/s3cr3t`;
const args = ["--alert-host", `127.0.0.1:${receiver.address().port}`];

async function notice(holds) {
  const deadline = AbortSignal.timeout(30_000);
  for (;;) {
    const found = received.find(({ body }) => body.includes(holds));
    if (found) return found;
    await once(receiver, "received", { signal: deadline });
  }
}

const focused = (page) => page.evaluate(() => document.activeElement?.id ?? "");

// Goes on by Tab until it is there: the way there is for who has no mouse.
async function tabTo(page, selector) {
  for (let step = 0; step < 80; step += 1) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not lead to ${selector}`);
}

async function fill(page, selector, text) {
  await tabTo(page, selector);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

// Goes down a list until it is there.
async function choose(page, selector, value) {
  await tabTo(page, selector);
  for (let step = 0; step < 30 && (await page.inputValue(selector)) !== value; step += 1) await page.keyboard.press("ArrowDown");
  assert.equal(await page.inputValue(selector), value);
}

const rule = (id, more) => ({ id, name: id, filter: "status:5xx", condition: { kind: "every" }, ...more });

inspect("a rule is made, tried, saved, fires, is looked into and silenced, by keys alone", { args }, async (inspector) => {
  inspector.watch.expect(/status of 400/);
  await inspector.server.api("POST", "/api/v1/alerts/channels", { id: "ops", name: "Operators", kind: "webhook", url: HOOK });
  await inspector.send(...Array.from({ length: 30 }, (_, at) => call("/pay", { status: at % 3 ? 200 : 503, ago: 900 - at })));
  const page = await inspector.page();
  await page.goto("/b/default?q=status:5xx");
  await tabTo(page, "#new-rule");
  await page.keyboard.press("Enter");
  await page.waitForURL(/rules\/new/);
  assert.equal(await page.inputValue("#filter"), "status:5xx");

  await fill(page, "#name", "Payments fail");
  await tabTo(page, "[name=source]");
  await choose(page, "#source-0", "response_text");
  await choose(page, "#comparison-0", "empty");
  await fill(page, "#at_least", "many");
  await page.keyboard.press("Enter");
  await page.locator("#at_least-error").waitFor();
  assert.equal(await focused(page), "at_least", "the mistake has the focus");
  await fill(page, "#at_least", "4");
  await page.keyboard.press("Enter");
  await page.locator("#preview").waitFor();
  assert.equal(await focused(page), "preview-title");
  assert.match(await page.locator("#preview-count").textContent(), /would have fired once.*10 calls/);
  assert.equal(await page.locator("#preview .mark").count(), 2, "a mark in the plot, and its legend");
  assert.equal(await page.locator("#preview-alerts tbody tr").count(), 1);
  assert.equal((await inspector.server.api("GET", "/api/v1/alerts/rules")).data.length, 0);

  await tabTo(page, "input[name=channel]");
  await page.keyboard.press("Space");
  await tabTo(page, "#save-rule");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/alerts#rule-/);
  const { data: [saved] } = await inspector.server.api("GET", "/api/v1/alerts/rules");
  assert.deepEqual([saved.name, saved.condition.at_least, saved.channels, saved.assertions], ["Payments fail", 4, ["ops"], [{ source: "response_text", comparison: "empty" }]]);
  await page.locator(`#state-${saved.id}`, { hasText: "OK" }).waitFor();

  // It fires before the eyes of who is on the page.
  const uuids = await inspector.send(...Array.from({ length: 4 }, () => call("/pay", { status: 503 })));
  await page.locator("#firing", { hasText: "Payments fail" }).waitFor();
  await page.locator(`#state-${saved.id}`, { hasText: "Firing" }).waitFor();
  await page.locator("#firing-count", { hasText: "1" }).waitFor();
  const { headers, body } = await notice("Payments fail");
  assert.ok(headers["webhook-signature"] && body.includes(saved.id));

  await tabTo(page, "#firing a");
  await page.keyboard.press("Enter");
  await page.locator("#alert-title", { hasText: "Payments fail" }).waitFor();
  await page.locator("#notices", { hasText: "Answer: 200" }).waitFor();
  assert.equal(await page.locator("#calls-of-alert a").count(), 4);
  await tabTo(page, ".silence > summary");
  await page.keyboard.press("Enter");
  await tabTo(page, ".silence button[value='1h']");
  await page.keyboard.press("Enter");
  await page.locator(".silence > summary", { hasText: "Silenced" }).waitFor();
  await tabTo(page, "#calls-of-alert a");
  await page.keyboard.press("Enter");
  await page.locator("#call-title").waitFor();
  assert.ok(uuids.some((uuid) => page.url().includes(uuid)));

  await page.goto("/alerts");
  await page.locator(`#state-${saved.id}`, { hasText: "Silenced until" }).waitFor();
  await page.reload();
  await tabTo(page, ".silence > summary");
  await page.keyboard.press("Enter");
  await tabTo(page, ".silence button[value=end]");
  await page.keyboard.press("Enter");
  await until(page, () => !document.querySelector("#rules").textContent.includes("Silenced until"));
});

inspect("channels are made, tried, changed and removed", { args }, async (inspector) => {
  inspector.watch.expect(/status of (400|409)/);
  const page = await inspector.page();
  await page.goto("/alerts/channels");
  await page.locator("#no-channels").waitFor();
  await page.locator("#kinds").getByRole("link", { name: "Webhook" }).click();
  await page.fill("#name", "Hook");
  await page.fill("#url", "http://10.0.0.1/");
  await page.click("#save-channel");
  await page.locator("#url-error", { hasText: "--alert-host" }).waitFor();
  await page.fill("#url", HOOK);
  await page.click("#save-channel");
  assert.match(await page.locator("#signing-secret").textContent(), /^whsec_/);
  await page.getByRole("link", { name: "To the channels" }).click();
  const before = received.length;
  await page.getByRole("button", { name: "Send test to Hook" }).click();
  await page.locator(".trial", { hasText: "Answer: 200" }).waitFor();
  assert.equal(received.length, before + 1);
  assert.doesNotMatch(await page.content(), /whsec_|s3cr3t/);
  await page.getByRole("link", { name: "Change Hook" }).click();
  assert.doesNotMatch(await page.content(), /whsec_|s3cr3t/);
  await page.fill("#name", "Other");
  await page.click("#save-channel");
  const { data: [{ id, name }] } = await inspector.server.api("GET", "/api/v1/alerts/channels");
  assert.equal(name, "Other");
  await inspector.server.api("POST", "/api/v1/alerts/rules", rule("uses", { channels: [id] }));
  await page.getByRole("button", { name: "Remove Other" }).click();
  await page.locator("[role=alert]", { hasText: "Take it out of the rule first." }).waitFor();
  await inspector.server.api("DELETE", "/api/v1/alerts/rules/uses");
  await page.getByRole("button", { name: "Remove Other" }).click();
  await page.locator("#no-channels").waitFor();
});

inspect("a file of rules is chosen, refused with its mistake, and taken", { args }, async (inspector) => {
  inspector.watch.expect(/status of 400/);
  const page = await inspector.page();
  await page.goto("/alerts");
  await page.locator("#file > summary").click();
  const file = (filter) => ({ name: "rules.toml", mimeType: "application/toml", buffer: Buffer.from(`[[rule]]\nid = "from-file"\nname = "From a file"\nfilter = "${filter}"\n`) });
  const upload = async (filter) => {
    await page.setInputFiles("#upload", file(filter));
    await until(page, (filter) => document.getElementById("rules-file").value.includes(filter), filter);
    await page.getByRole("button", { name: "Import" }).click();
  };
  await upload("status:oops");
  await page.locator("#rules-file-error", { hasText: "/rule/0/filter" }).waitFor();
  await upload("status:5xx");
  await page.locator("#rule-from-file", { hasText: "From a file" }).waitFor();
});

inspect("everything is done without a script too", { args }, async (inspector) => {
  const page = await inspector.page({ javaScriptEnabled: false });
  await page.goto("/alerts/rules/new?filter=status:5xx");
  await page.fill("#name", "Plain");
  await page.selectOption("#source-0", "response_status");
  await page.fill("#value-0", "503");
  await page.click("#add-assertion");
  assert.equal(await page.locator(".assertion").count(), 2);
  await page.selectOption("#kind", "every");
  assert.equal(await page.locator("#window").isVisible(), false, "what means nothing is hidden");
  await page.click("#save-rule");
  await page.waitForURL(/\/alerts#rule-/);
  await inspector.send(call("/pay", { status: 503 }));
  for (const deadline = Date.now() + 30_000; !(await page.locator("#firing").count());) {
    assert.ok(Date.now() < deadline, "it did not fire");
    await page.reload();
  }
  await page.locator(".silence > summary").click();
  await page.getByRole("button", { name: "15 minutes" }).click();
  await page.locator(".silent").waitFor();
});

// What pages of ours never hold, whatever was written into rules or captured.
const foreign = () => Array.from(document.querySelectorAll("*")).filter((element) => {
  const name = element.localName;
  const own = (url) => new URL(url, location.href).origin === location.origin;
  return element.getAttributeNames().some((attribute) => attribute.startsWith("on"))
    || (name === "script" && !element.getAttribute("src")?.startsWith("/assets/"))
    || ["img", "iframe", "object", "embed", "base", "style", "template", "math", "video", "audio", "marquee", "animate", "use"].includes(name)
    || (name === "meta" && element.httpEquiv)
    || (name === "a" && element.hasAttribute("href") && !own(element.href))
    || element.hasAttribute("formaction")
    || (name === "form" && !own(element.getAttribute("action") ?? ""));
}).map((element) => element.outerHTML.slice(0, 200));

inspect("hostile names, groups and excerpts are inert on every page of alerts", { args, timeout: 300_000 }, async (inspector) => {
  inspector.watch.expect(/status of (400|404)/);
  const readable = (text) => text.replace(/[\u0000-\u001f]/g, " ").slice(0, 180);
  for (const [at, text] of PAYLOADS.entries()) {
    await inspector.server.api("POST", "/api/v1/alerts/channels", { id: `c${at}`, name: `${at} ${text}`.slice(0, 200), kind: "slack", url: "https://hooks.example.com/x" });
  }
  await inspector.server.api("POST", "/api/v1/alerts/rules", rule("routes", { name: PAYLOADS[3], group_by: "route" }));
  for (const [at, text] of PAYLOADS.entries()) {
    if (at % 4 === 0) await inspector.server.api("POST", "/api/v1/alerts/rules", rule(`r${at}`, { name: `${at} ${text}`.slice(0, 200), filter: JSON.stringify(readable(text)) }));
  }
  await inspector.send(...PAYLOADS.map((text) => call(`/${text}`, {
    status: 500,
    response: { headers: { "content-type": "text/plain" }, body: text },
    context: { route: text },
  })));
  let fired = [];
  for (const deadline = Date.now() + 30_000; fired.filter((alert) => alert.rule === "routes").length < PAYLOADS.length - 5;) {
    assert.ok(Date.now() < deadline, `only ${fired.length} fired`);
    ({ data: fired } = await inspector.server.api("GET", "/api/v1/alerts?limit=500"));
  }
  const page = await inspector.page();
  const visit = async (path) => {
    await page.goto(path);
    assert.deepEqual(await page.evaluate(foreign), [], path);
    assert.deepEqual(inspector.watch.taken(), [], path);
  };
  await visit("/alerts");
  // The script that keeps the page up to date puts in nothing else.
  await inspector.send(call("/one/more", { status: 500, context: { route: "/one/more" } }));
  await page.locator("#firing", { hasText: "/one/more" }).waitFor();
  assert.deepEqual(await page.evaluate(foreign), []);
  await visit("/alerts/channels");
  const names = await page.locator("#channel-list h2").allTextContents();
  assert.equal(names.length, PAYLOADS.length);
  for (const alert of fired) {
    await visit(`/alerts/${alert.id}`);
    const title = await page.locator("#alert-title").textContent();
    assert.ok(title.includes(alert.rule_name.trim().slice(0, 5)), title);
  }
  for (const path of ["/alerts/rules/routes", "/alerts/rules/r0", "/alerts/channels/c0", "/alerts/channels/c3"]) await visit(path);
  for (const text of PAYLOADS.filter((_, at) => at % 3 === 0)) {
    const field = encodeURIComponent(text);
    await visit(`/alerts/rules/new?filter=${field}&bucket=${field}`);
    await page.locator("#do-preview").click();
    await page.locator("#refused, #preview").waitFor();
    assert.deepEqual(await page.evaluate(foreign), [], `the filter ${text}`);
    assert.deepEqual(inspector.watch.taken(), [], `the filter ${text}`);
  }
  for (const text of PAYLOADS.filter((_, at) => at % 8 === 0)) {
    const field = encodeURIComponent(text);
    for (const path of [`/alerts/${field}`, `/alerts/rules/${field}`, `/alerts/channels/${field}`, `/alerts/channels/new?kind=${field}`]) await visit(path);
  }
});

for (const viewport of [DESKTOP, PHONE]) {
  inspect(`no page of alerts has a barrier that axe finds, light and dark, ${viewport.width} wide`, { args, timeout: 240_000 }, async (inspector) => {
    inspector.watch.expect(/status of (400|404|409)/);
    const page = await inspector.page({ viewport, bypassCSP: true });
    const look = async (path, act = async () => {}) => {
      await page.goto(path);
      await act();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} ${act} is too wide`);
      for (const colorScheme of ["dark", "light"]) {
        await page.emulateMedia({ colorScheme });
        await isAccessible(page, `${colorScheme} ${path} ${act}`);
      }
    };
    const click = (selector) => () => page.locator(selector).first().click();
    await look("/alerts");
    await look("/alerts/channels");
    await look("/alerts/rules/new");
    await inspector.server.api("POST", "/api/v1/alerts/channels", { id: "ops", name: "Operators", kind: "webhook", url: HOOK });
    await inspector.server.api("POST", "/api/v1/alerts/rules", rule("every", { group_by: "route", channels: ["ops"], severity: "critical" }));
    await inspector.server.api("POST", "/api/v1/alerts/rules", rule("off", { enabled: false, severity: "info" }));
    await inspector.server.api("POST", "/api/v1/alerts/rules", rule("quiet", { filter: "status:418" }));
    await inspector.server.api("PUT", "/api/v1/alerts/rules/quiet/silence", { for: "1h" });
    await inspector.send(...["/pay", "/carts/{id}"].map((route) => call(route, { status: 500, response: { body: '{"error":"declined"}' }, context: { route } })));
    await notice("every");
    let alerts = [];
    while (alerts.length < 2) ({ data: alerts } = await inspector.server.api("GET", "/api/v1/alerts"));
    await look("/alerts");
    await look("/alerts", click("#rules .silence > summary"));
    await look("/alerts", click("#file > summary"));
    await look("/alerts", click(".as-table > summary"));
    await look(`/alerts/${alerts[0].id}`);
    await look("/alerts/rules/every");
    await look("/alerts/rules/new?filter=status:5xx", async () => {
      await page.locator("#do-preview").click();
      await page.locator("#preview").waitFor();
    });
    await look("/alerts/rules/new?filter=status:oops", async () => {
      await page.locator("#do-preview").click();
      await page.locator("#filter-error").waitFor();
    });
    await look("/alerts/channels", async () => {
      await page.getByRole("button", { name: "Send test to Operators" }).click();
      await page.locator(".trial").waitFor();
    });
    for (const kind of ["slack", "teams", "discord", "pagerduty", "email", "webhook"]) await look(`/alerts/channels/new?kind=${kind}`);
    await look("/alerts/channels/ops", async () => {
      await page.fill("#url", "http://10.0.0.1/");
      await page.click("#save-channel");
      await page.locator("#url-error").waitFor();
    });
  });
}
