// axe-core over a page. It is put into the page past the policy, so only pages made with `bypassCSP`
// can be looked at.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function isAccessible(page, what) {
  // Colours on their way from one to the other are nobody's choice.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((animation) => animation.effect.getComputedTiming().iterations === 1).map((animation) => animation.finished.catch(() => {}))));
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run({ resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary}`)]);
  });
  assert.deepEqual(violations, [], what);
}
