// The live view: calls that arrive are put above the others, once a frame, unless the reader is busy
// further down or has paused.

import { MOST_ROWS, body, focusRow, focusedRow, fromHtml, keepOneInTabOrder } from "./rows.js";

let source = null;
let link = null;
let last = null;
let paused = false;
let waiting = [];
let frame = 0;
let hiddenTimer = 0;
let arrived = () => {};

const element = (id) => document.getElementById(id);

export function start(section, onArrival) {
  stop();
  link = section?.dataset.live ?? null;
  if (!link) return;
  last = new URL(link, location.href).searchParams.get("after");
  arrived = onArrival;
  const button = element("live");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", toggle);
  }
  element("new-calls")?.addEventListener("click", showNew);
  show();
  connect();
}

export function stop() {
  source?.close();
  source = null;
  link = null;
  waiting = [];
  paused = false;
}

export function toggle() {
  if (!link) return;
  paused = !paused;
  show();
  if (!paused) flush(true);
}

export function showNew() {
  if (!waiting.length) return;
  flush(true);
  scrollTo({ top: 0 });
}

function connect() {
  source?.close();
  const url = new URL(link, location.href);
  url.searchParams.set("after", last);
  source = new EventSource(url);
  source.addEventListener("ready", (event) => {
    last = event.lastEventId || last;
    show();
  });
  source.addEventListener("exchange", (event) => {
    last = event.lastEventId || last;
    take({ ...JSON.parse(event.data), update: false });
  });
  source.addEventListener("update", (event) => take({ ...JSON.parse(event.data), update: true }));
  source.addEventListener("gap", (event) => {
    last = event.lastEventId || last;
    take({ gap: true });
  });
  source.addEventListener("error", () => {
    show();
    // The browser comes back by itself unless the server refused.
    if (source?.readyState === EventSource.CLOSED) {
      setTimeout(() => { if (link && source?.readyState === EventSource.CLOSED) connect(); }, 5000);
    }
  });
  source.addEventListener("open", show);
}

function take(item) {
  waiting.push(item);
  // What is beyond the bound would be dropped at once; where so much waits, the oldest go.
  if (waiting.length > MOST_ROWS) waiting.splice(0, waiting.length - MOST_ROWS);
  if (!frame) frame = requestAnimationFrame(() => { frame = 0; flush(false); });
}

// A reader who has scrolled down or moves among the rows is left in peace.
function isBusy() {
  const table = element("calls");
  const below = table && table.getBoundingClientRect().top < 0;
  return paused || below || focusedRow() !== null;
}

function flush(now) {
  const tbody = body();
  if (!tbody) {
    if (waiting.some((item) => item.html)) arrived(waiting.length);
    return;
  }
  if (!now && isBusy()) {
    announce();
    return;
  }
  let added = 0;
  const items = waiting;
  waiting = [];
  for (const item of items) {
    if (item.gap) {
      tbody.prepend(gapRow());
      continue;
    }
    const known = document.getElementById(`c-${item.uuid}`);
    const fresh = fromHtml(item.html);
    if (known) {
      const focused = known === document.activeElement;
      const row = fresh.firstElementChild;
      known.replaceWith(row);
      if (focused) focusRow(row);
    } else if (!item.update) {
      // A few that come are pointed at; a flood would only flicker.
      if (items.length <= 5) fresh.firstElementChild.classList.add("fresh");
      tbody.prepend(fresh);
      added += 1;
    }
  }
  while (tbody.rows.length > MOST_ROWS) tbody.lastElementChild.remove();
  if (added) element("none")?.remove();
  keepOneInTabOrder();
  announce();
  if (items.length) arrived(added);
}

function gapRow() {
  const row = document.createElement("tr");
  row.className = "gap";
  const cell = document.createElement("td");
  cell.colSpan = 7;
  cell.append("Some calls were passed over here: more arrived than could be shown. ");
  const again = document.createElement("a");
  again.href = location.href;
  again.textContent = "Load the list again";
  cell.append(again);
  row.append(cell);
  return row;
}

function announce() {
  const button = element("new-calls");
  if (!button) return;
  const count = waiting.filter((item) => item.html && !item.update).length;
  button.hidden = count === 0;
  const number = count >= MOST_ROWS ? `${MOST_ROWS}+` : String(count);
  button.textContent = `${number} new ${count === 1 ? "call" : "calls"}`;
}

function show() {
  const state = element("live-state");
  const button = element("live");
  if (!state || !button) return;
  const open = source?.readyState === EventSource.OPEN;
  const text = paused ? "Paused" : open ? "Live" : "Connecting";
  if (state.textContent !== text) state.textContent = text;
  state.className = paused ? "paused" : open ? "on" : "off";
  button.textContent = paused ? "Resume" : "Pause";
  button.setAttribute("aria-pressed", String(paused));
}

// A browser allows six connections to a server: a tab that nobody sees gives its own back.
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (!link) return;
  if (document.hidden) {
    hiddenTimer = setTimeout(() => { source?.close(); }, 10_000);
  } else if (source?.readyState === EventSource.CLOSED) {
    connect();
  }
});
addEventListener("scroll", () => { if (waiting.length && !isBusy()) flush(true); }, { passive: true });
document.addEventListener("focusout", () => { setTimeout(() => { if (waiting.length && !isBusy()) flush(true); }, 0); });
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted && link) connect(); });
