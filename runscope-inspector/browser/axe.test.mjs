import { DESKTOP, PHONE, inspect, settled } from "./support/harness.mjs";
import { isAccessible } from "./support/axe.mjs";
import { call, traffic } from "./support/calls.mjs";

const FULL = () => call("/orders?dry=1", {
  method: "POST",
  status: 500,
  took: 1.2,
  request: { headers: { "content-type": "application/json", authorization: "[redacted]" }, body: '{"item":"tea","amount":2,"really":true,"note":null}' },
  response: { headers: { "content-type": "text/xml" }, body: "<a b='c'><!-- d -->e</a>" },
  context: { route: "/orders", consumer: "web", service: "shop", total_time: 1.5, error: "out of tea", outcome: "error", tags: { region: "eu" } },
});

for (const viewport of [DESKTOP, PHONE]) {
  inspect(`no page has a barrier that axe finds, light and dark, ${viewport.width} wide`, { args: ["--replay-to", "shop.example"], timeout: 240_000 }, async (inspector) => {
    inspector.watch.expect(/status of (400|401|404)/);
    const options = { viewport, bypassCSP: true };
    const stranger = await inspector.page({ ...options, signedIn: false });
    const page = await inspector.page(options);
    const look = async (path, act = async () => {}, by = page) => {
      await by.goto(path);
      await act();
      for (const colorScheme of ["dark", "light"]) {
        await by.emulateMedia({ colorScheme });
        await isAccessible(by, `${colorScheme} ${path} ${act}`);
      }
    };
    const open = (selector) => async () => {
      await page.locator(selector).click();
    };
    await look("/", undefined, stranger);
    await look("/open?token=wrong", undefined, stranger);
    await look("/b/default", () => page.locator("#first-call").waitFor());
    await look("/b/default/views");
    await look("/b");

    await inspector.send(...traffic({ count: 120, span: 3600, end: Date.now() / 1000 }));
    const multipart = "--x\r\nContent-Disposition: form-data; name=who\r\n\r\nada\r\n--x--\r\n";
    const [full, other, masked] = await inspector.send(
      FULL(),
      call("/orders", { response: { headers: { "content-type": "multipart/form-data; boundary=x" }, body: multipart } }),
      call("/cut", { response: { headers: {}, body: "begin" }, context: { request_body: { state: "not_captured", reason: "log_body_off", size: 9 }, response_body: { state: "truncated", reason: "over_cap", size: 9000 } } }),
    );
    await inspector.server.api("POST", "/api/v1/buckets/default/views", { name: "Slow", filter: "time:>500ms" });
    const shared = await inspector.server.share(full);

    await look("/b/default", () => settled(page));
    for (const menu of ["#syntax > summary", ".buckets > summary", ".as-table > summary"]) {
      await look("/b/default", async () => {
        await settled(page);
        await open(menu)();
      });
    }
    await look("/b/default", async () => {
      await settled(page);
      await page.keyboard.press("?");
      await page.locator("#keys[open]").waitFor();
    });
    await look("/b/default", async () => {
      await settled(page);
      await page.locator("#live").click();
      await inspector.send(call("/held"));
      await page.locator("#new-calls:not([hidden])").waitFor();
    });
    await look("/b/default", async () => {
      await settled(page);
      await page.locator("#plot").focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("Shift+End");
    });
    await look("/b", open("#bucket-default .confirm > summary"));
    await look("/b/default?q=status:5xx", () => settled(page));
    await look("/b/default?q=path:/nowhere", open(".save summary"));
    await look("/b/default?q=status:oops");
    await look("/b/default?stream=shared");
    for (const path of ["/b/default/summary", "/b/default/views", "/b/default/connect", "/b/nowhere"]) await look(path);
    await look("/b/default/connect", open("#make-token"));
    await look(`/b/default/c/${full}`, open("#copy summary"));
    await look(`/b/default/c/${full}`, open("#to-compare"));
    await look(`/b/default/c/${full}?request=raw&response=hex`);
    await look(`/b/default/c/${other}`);
    await look(`/b/default/c/${masked}`);
    await look(`/b/default/compare?a=${full}&b=${other}`);
    await look(`/b/default/compare?a=${full}&b=${full}`);
    await look(shared, undefined, stranger);
  });
}
