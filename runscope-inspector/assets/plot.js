// The charts: a span of bars is selected by pointer or keys, and zoomed to.

import { momentText } from "./times.js";

// `go` follows a link of ours. Whether the reader is at work in the chart is told by `isBusy`.
export function bindPlot(root, go) {
  const plot = root.querySelector("#plot");
  if (!plot) return;
  const brush = plot.querySelector("#brush");
  const bars = Number(plot.dataset.bars);
  const start = Number(plot.dataset.start);
  const step = Number(plot.dataset.step);
  const fine = step < 60_000_000;
  const words = new Map();
  const counts = new Map();
  for (const row of root.querySelectorAll("#timeline-table tr[data-bar]")) {
    const cells = Array.from(row.cells, (cell) => cell.textContent);
    const times = cells[2] === "—" ? "" : `, p50 ${cells[2]}, p95 ${cells[3]}, p99 ${cells[4]}`;
    counts.set(Number(row.dataset.bar), Number(row.dataset.count));
    words.set(Number(row.dataset.bar), `${cells[1]}${times}`);
  }
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  plot.append(tip);

  let anchor = null;
  let cursor = null;
  let dragging = false;

  const clamp = (bar) => Math.min(Math.max(bar, 0), bars - 1);
  const barAt = (event) => {
    const box = plot.getBoundingClientRect();
    return clamp(Math.floor(((event.clientX - box.left) / box.width) * bars));
  };
  const time = (bar) => momentText((start + bar * step) / 1000, fine);

  function sum(from, to) {
    let count = 0;
    for (let bar = from; bar <= to; bar += 1) count += counts.get(bar) ?? 0;
    return `${count.toLocaleString("en")} ${count === 1 ? "call" : "calls"}`;
  }

  function show() {
    const from = Math.min(anchor ?? cursor, cursor);
    const to = Math.max(anchor ?? cursor, cursor);
    brush.hidden = false;
    brush.style.left = `${(from / bars) * 100}%`;
    brush.style.width = `${((to - from + 1) / bars) * 100}%`;
    brush.classList.toggle("selecting", from !== to || dragging);
    const text = from === to
      ? `${time(from)}: ${words.get(from) ?? "no calls"}`
      : `${time(from)} to ${time(to + 1)}: ${sum(from, to)}`;
    tip.hidden = false;
    tip.textContent = text;
    const middle = ((from + to + 1) / 2 / bars) * 100;
    tip.style.left = `${Math.min(Math.max(middle, 12), 88)}%`;
    plot.setAttribute("aria-valuenow", String(cursor));
    plot.setAttribute("aria-valuetext", text);
  }

  function hide() {
    anchor = null;
    cursor = null;
    dragging = false;
    brush.hidden = true;
    tip.hidden = true;
  }

  function zoom() {
    if (cursor === null) return;
    const from = Math.min(anchor ?? cursor, cursor);
    const to = Math.max(anchor ?? cursor, cursor) + 1;
    const url = new URL(plot.dataset.zoom, location.href);
    url.searchParams.set("from", String(start + from * step));
    url.searchParams.set("to", String(start + to * step));
    hide();
    go(url);
  }

  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    anchor = cursor = barAt(event);
    dragging = true;
    plot.setPointerCapture(event.pointerId);
    show();
  });
  plot.addEventListener("pointermove", (event) => {
    if (!dragging && event.pointerType !== "mouse") return;
    cursor = barAt(event);
    if (!dragging) anchor = null;
    show();
  });
  plot.addEventListener("pointerup", () => {
    if (!dragging) return;
    dragging = false;
    // A single bar is only looked at; to zoom to it, Enter is pressed or two bars are taken.
    if (anchor !== cursor) zoom();
    else show();
  });
  plot.addEventListener("pointercancel", hide);
  plot.addEventListener("pointerleave", () => { if (!dragging && document.activeElement !== plot) hide(); });
  plot.addEventListener("dblclick", () => zoom());
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (event.key in steps) {
      const before = cursor ?? (steps[event.key] < 0 ? bars : -1);
      if (event.shiftKey) anchor ??= clamp(before);
      else anchor = null;
      cursor = clamp(before + steps[event.key]);
      show();
    } else if (event.key === "Home" || event.key === "End") {
      if (event.shiftKey) anchor ??= cursor ?? 0;
      else anchor = null;
      cursor = event.key === "Home" ? 0 : bars - 1;
      show();
    } else if (event.key === "Enter") {
      zoom();
    } else if (event.key === "Backspace") {
      const out = root.querySelector("#zoom-out");
      if (out) go(new URL(out.href));
    } else if (event.key === "Escape" && cursor !== null) {
      hide();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  plot.isBusy = () => cursor !== null || dragging;
}
