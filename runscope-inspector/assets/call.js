// One call in full: its keys, copying as curl, and the call that is remembered for a comparison.

import { localTimes } from "./times.js";

const REMEMBERED = "runscope-compare";
const byId = (id) => document.getElementById(id);

localTimes(document);

const copyLine = byId("copy-line");
const curl = byId("copy-curl");

async function copyCurl() {
  const label = copyLine.querySelector("span");
  try {
    await navigator.clipboard.writeText(curl.textContent);
    label.textContent = "Copied";
  } catch {
    // No clipboard without permission: the text is there to be selected.
    byId("copy").open = true;
    curl.scrollIntoView({ block: "nearest" });
    getSelection().selectAllChildren(curl);
    label.textContent = "Select it and copy";
  }
  setTimeout(() => { label.textContent = "Copy as curl"; }, 2000);
}

if (copyLine && curl) {
  copyLine.hidden = false;
  copyLine.addEventListener("click", copyCurl);
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(REMEMBERED));
  } catch {
    return null;
  }
}

const call = document.querySelector("[data-call]");
const remember = byId("remember");

function showRemembered() {
  const held = remembered();
  const link = byId("with-remembered");
  const hint = byId("remembered");
  const other = held !== null && held.id !== call.dataset.call;
  link.hidden = !other;
  hint.hidden = held === null;
  if (held === null) return;
  hint.textContent = other ? `Remembered: ${held.title}` : "This call is remembered. Open another one to compare it with.";
  link.href = `${link.dataset.compare}?a=${encodeURIComponent(held.id)}&b=${encodeURIComponent(call.dataset.call)}`;
}

if (call && remember) {
  remember.hidden = false;
  remember.addEventListener("click", () => {
    try {
      sessionStorage.setItem(REMEMBERED, JSON.stringify({ id: call.dataset.call, title: call.dataset.title }));
    } catch {
      byId("remembered").hidden = false;
      byId("remembered").textContent = "This browser keeps nothing; paste an identifier below.";
      return;
    }
    showRemembered();
  });
  showRemembered();
}

function openRetry() {
  const retry = byId("retry");
  if (!retry) return;
  retry.scrollIntoView();
  const first = byId("retry-url");
  if (first && !first.matches(":disabled")) first.focus({ preventScroll: true });
}

byId("to-retry")?.addEventListener("click", (event) => {
  event.preventDefault();
  openRetry();
});

const KEYS = {
  "[": () => byId("newer")?.click(),
  k: () => byId("newer")?.click(),
  "]": () => byId("older")?.click(),
  j: () => byId("older")?.click(),
  c: () => { if (copyLine && curl) copyCurl(); },
  r: openRetry,
  Escape: () => byId("back")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
