// What must never happen in a page: a script that is not ours, a refusal of the policy, an error, a
// request to elsewhere, a dialog.

import assert from "node:assert/strict";

// The name that a hostile text calls to tell that it ran.
export const MARK = "ran";

export class Watch {
  #seen = [];
  #expected = [];

  async over(context, base) {
    await context.exposeBinding(MARK, (_, what) => this.saw(`a script ran: ${what}`));
    await context.exposeBinding("refusedByPolicy", (_, what) => this.saw(`the policy refused ${what}`));
    await context.addInitScript(() => {
      const told = (event) => globalThis.refusedByPolicy(
        `${event.effectiveDirective} ${event.blockedURI} ${event.sample} in ${event.documentURI}`,
      );
      document.addEventListener("securitypolicyviolation", told);
    });
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.origin !== base) this.saw(`a request to ${request.url()}`);
    });
    context.on("page", (page) => {
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) {
          this.saw(`console: ${message.text()} (${message.location().url})`);
        }
      });
      page.on("pageerror", (error) => this.saw(`an error in the page: ${error.stack ?? error.message}`));
      page.on("dialog", (dialog) => {
        this.saw(`a dialog: ${dialog.message()}`);
        dialog.dismiss();
      });
      page.on("crash", () => this.saw("the page crashed"));
    });
  }

  saw(what) {
    if (!this.#expected.some((pattern) => pattern.test(what))) this.#seen.push(what);
  }

  // Browsers log every answer that is an error; some tests ask for one.
  expect(pattern) {
    this.#expected.push(pattern);
  }

  // What was seen until now, which is then forgotten.
  taken() {
    return this.#seen.splice(0);
  }

  isQuiet() {
    assert.deepEqual(this.#seen, []);
  }
}
