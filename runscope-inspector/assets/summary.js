// A click anywhere in a row follows its link.

document.getElementById("summary")?.addEventListener("click", (event) => {
  const row = event.target.closest("tbody tr");
  if (!row || event.target.closest("a") || String(getSelection())) return;
  row.querySelector("a")?.click();
});
