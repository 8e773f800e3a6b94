// The rows of the list: one of them is in the tab order, keys move it, Enter opens it.

import { localTimes } from "./times.js";

export const MOST_ROWS = 500;

export function body() {
  return document.querySelector("#calls tbody");
}

function rows() {
  return Array.from(body()?.rows ?? []);
}

// A row takes the focus whole, so that its cells are read; its link stays for the pointer.
export function prepare(root) {
  for (const row of root.querySelectorAll("tr[data-sequence]")) {
    row.tabIndex = -1;
    const link = row.querySelector("a.call");
    if (link) link.tabIndex = -1;
  }
  localTimes(root);
}

// The row that the reader was in last; until there is one, the newest.
let visited = null;

function tabStop() {
  return visited?.isConnected ? visited : rows()[0];
}

export function keepOneInTabOrder() {
  const stop = tabStop();
  for (const row of rows()) {
    if (row.tabIndex === 0 && row !== stop) row.tabIndex = -1;
  }
  if (stop) stop.tabIndex = 0;
}

// The HTML is rendered and escaped by the server. A template runs nothing and loads nothing.
export function fromHtml(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  prepare(template.content);
  return template.content;
}

export function focusRow(row) {
  if (!row) return;
  visited = row;
  keepOneInTabOrder();
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

export function focusedRow() {
  return document.activeElement?.closest?.("#calls tbody tr") ?? null;
}

export function move(by) {
  const all = rows();
  const now = focusedRow();
  const next = now ? all[Math.min(Math.max(all.indexOf(now) + by, 0), all.length - 1)] : tabStop();
  focusRow(next);
}

export function moveToEnd(last) {
  focusRow(rows().at(last ? -1 : 0));
}

export function open(row) {
  row?.querySelector("a.call")?.click();
}
