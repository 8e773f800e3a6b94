// The list: filters and links change what is shown without leaving the page, and each state has a
// link of its own.

import { bindPlot } from "./plot.js";
import * as live from "./live.js";
import { MOST_ROWS, body, focusRow, focusedRow, fromHtml, keepOneInTabOrder, move, moveToEnd, open, prepare } from "./rows.js";
import { localTimes } from "./times.js";

const REFRESH = 5000;

const q = document.getElementById("q");
const path = location.pathname;
let loading = null;
let changed = false;
// The query of what is shown: the address changes also by a link within the page.
let shownQuery = location.search;

// What is shown anew when the filter changes; the filter's own field keeps its focus.
const PARTS = ["streams", "filter-note", "results"];

async function go(url, { push = true } = {}) {
  loading?.abort();
  const abort = new AbortController();
  loading = abort;
  const results = document.getElementById("results");
  results.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { signal: abort.signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // Signed out meanwhile, or gone: the browser shows it.
    if (!page.getElementById("results")) {
      location.assign(url);
      return;
    }
    const wrong = page.querySelector("#filter-note .mistake") !== null;
    const parts = wrong ? ["streams", "filter-note"] : PARTS;
    live.stop();
    for (const id of parts) document.getElementById(id).replaceWith(page.getElementById(id));
    document.title = page.title;
    const shown = page.getElementById("q") ?? q;
    if (document.activeElement !== q || !wrong) q.value = shown.value;
    q.toggleAttribute("aria-invalid", wrong);
    if (wrong) q.setAttribute("aria-invalid", "true");
    if (push) history.pushState({}, "", answer.url);
    shownQuery = location.search;
    show();
    if (!wrong) announceCount();
    if (!wrong && push) scrollTo({ top: 0 });
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  } finally {
    if (loading === abort) document.getElementById("results").removeAttribute("aria-busy");
  }
}

// A status that comes with its text already in it is not read out; one that gets it is.
function announceCount() {
  const count = document.getElementById("count");
  if (!count) return;
  const text = Array.from(count.childNodes);
  count.replaceChildren();
  requestAnimationFrame(() => count.replaceChildren(...text));
}

function show() {
  const results = document.getElementById("results");
  prepare(results);
  keepOneInTabOrder();
  document.getElementById("older")?.addEventListener("click", older);
  refresh(true);
  const section = document.querySelector(".calls[data-live], #first-call[data-live]");
  live.start(section, arrived);
  for (const button of results.querySelectorAll("[data-copy]")) button.hidden = false;
}

function arrived() {
  // The first call of all: from now on there is a list.
  if (document.getElementById("first-call")) {
    live.stop();
    go(location.href, { push: false });
    return;
  }
  changed = true;
}

async function fragment(id, bind) {
  const place = document.getElementById(id);
  if (!place?.dataset.src) return;
  const source = place.dataset.src;
  try {
    const answer = await fetch(source);
    if (!answer.ok) return;
    const html = await answer.text();
    const now = document.getElementById(id);
    // Another filter was chosen meanwhile, or the reader is at work there.
    if (now?.dataset.src !== source || isBusy(now)) return;
    const template = document.createElement("template");
    template.innerHTML = html;
    const open = Array.from(now.querySelectorAll("details"), (details) => details.open);
    now.replaceChildren(template.content);
    now.querySelectorAll("details").forEach((details, at) => {
      if (at in open) details.open = open[at];
    });
    localTimes(now);
    bind(now);
  } catch {
    // The list is of use without it.
  }
}

function isBusy(place) {
  const plot = place.querySelector("#plot");
  return place.contains(document.activeElement) || plot?.isBusy?.() === true;
}

function refresh(first) {
  if (!first && !changed) return;
  changed = false;
  fragment("timeline", (place) => bindPlot(place, (url) => go(url)));
  fragment("facets", foldFacets);
  if (!first) recount();
}

// On a narrow screen facets are folded until they are wanted.
const narrow = matchMedia("(max-width: 900px)");

function foldFacets(place) {
  const fold = place.querySelector(".facets-fold");
  if (fold && !place.dataset.shown && narrow.matches) fold.open = false;
  place.dataset.shown = "";
}

// A wide one has nothing to unfold them by.
narrow.addEventListener("change", () => {
  const fold = document.querySelector(".facets-fold");
  if (fold && !narrow.matches) fold.open = true;
});

// While calls stream in, their number is shown and not read out each time. A search that ran out of
// time is not run again for it.
async function recount() {
  if (document.querySelector("#more [role=status]")) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const count = document.getElementById("count");
  const fresh = page.getElementById("count");
  if (!count || !fresh || count.textContent === fresh.textContent) return;
  count.setAttribute("aria-live", "off");
  count.replaceChildren(...fresh.childNodes);
}

async function older(event) {
  const link = event.currentTarget;
  if ((body()?.rows.length ?? 0) >= MOST_ROWS || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  const more = document.getElementById("more");
  more.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.dataset.rows);
    if (!answer.ok) throw new Error(String(answer.status));
    const content = fromHtml(await answer.text());
    const rows = Array.from(content.querySelectorAll("tr"));
    const first = rows[0];
    body().append(...rows);
    more.replaceWith(content.querySelector("#more"));
    document.getElementById("older")?.addEventListener("click", older);
    countFound();
    if (first) {
      document.getElementById("none")?.remove();
      focusRow(first);
    } else {
      document.getElementById("older")?.focus();
    }
  } catch {
    location.assign(link.href);
  }
}

// A search that goes on has found as many as there are rows, until it has looked at all.
function countFound() {
  const count = document.getElementById("count");
  if (!count?.textContent.includes("so far")) return;
  const found = body().querySelectorAll("tr[data-sequence]").length;
  const strong = document.createElement("strong");
  strong.textContent = `${found.toLocaleString("en")} ${found === 1 ? "call" : "calls"}`;
  count.replaceChildren(strong, document.getElementById("older") ? " so far" : "");
}

function isOurs(link) {
  const url = new URL(link.href);
  return url.origin === location.origin && url.pathname === path && !link.target && !link.hasAttribute("download");
}

document.getElementById("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  const url = new URL(path, location.href);
  for (const [name, value] of new FormData(event.target)) if (value) url.searchParams.set(name, value);
  go(url);
});

document.addEventListener("click", (event) => {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[href]");
  if (link && link.id !== "older" && link.closest("#results, #streams") && isOurs(link)) {
    event.preventDefault();
    go(link.href);
    return;
  }
  // A row is opened by a click anywhere in it, unless its text is being selected.
  const row = event.target.closest("#calls tbody tr[data-sequence]");
  if (row && !link && !String(getSelection())) open(row);
});

addEventListener("popstate", () => {
  if (location.pathname !== path) return;
  if (location.search === shownQuery) loading?.abort();
  else go(location.href, { push: false });
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  const at = event.target;
  if (document.querySelector("dialog[open]")) return;
  const typing = at.matches("input, textarea, select");
  const row = focusedRow();
  if (event.key === "Escape") {
    if (typing || row) at.blur();
    return;
  }
  if (typing) {
    if (at === q && event.key === "ArrowDown") {
      event.preventDefault();
      move(0);
    }
    return;
  }
  const onButton = at.matches("button, summary, a");
  const keys = {
    "/": () => { q.focus(); q.select(); },
    j: () => move(1),
    k: () => move(-1),
    n: () => live.showNew(),
    p: () => live.toggle(),
    "?": () => document.getElementById("keys").showModal(),
  };
  if (!onButton) keys[" "] = () => live.toggle();
  if (row) {
    Object.assign(keys, {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Home: () => moveToEnd(false),
      End: () => moveToEnd(true),
      Enter: () => open(row),
    });
  }
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const keysOpen = document.getElementById("keys-open");
keysOpen.hidden = false;
keysOpen.addEventListener("click", () => document.getElementById("keys").showModal());

setInterval(() => { if (!document.hidden) refresh(false); }, REFRESH);
show();
