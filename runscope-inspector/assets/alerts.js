// The pages of alerts: what fires is kept up to date, moments are in the reader's time, and a file of
// rules can be chosen. Everything else is forms and links.

import { localTimes } from "./times.js";

const EVERY = 3000;

// Takes over what has changed, but nothing that the reader is in.
function takeOver(fresh) {
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const now = fresh.getElementById(old.id);
    if (!now || old.contains(document.activeElement)) continue;
    localTimes(now);
    if (now.outerHTML !== old.outerHTML) old.replaceWith(document.adoptNode(now));
  }
}

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return answer.status !== 401;
    takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The server is away for a moment, or for long; the page stays as it is.
  }
  return true;
}

function follow() {
  setTimeout(async () => {
    if (document.hidden || (await look())) follow();
  }, EVERY);
}

localTimes(document);
// The answer to a form that was refused can't be asked for again.
if (document.querySelector("#now, #alert-state") && !document.getElementById("refused")) follow();

const upload = document.getElementById("upload");
if (upload) {
  upload.closest("label").hidden = false;
  upload.addEventListener("change", async () => {
    const [file] = upload.files;
    if (file) document.getElementById("rules-file").value = await file.text();
  });
}
