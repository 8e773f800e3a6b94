// What every page has: the theme, and menus that close as menus do.

const THEMES = ["auto", "light", "dark"];

function themeButton(button) {
  const label = button.querySelector(".label");
  const current = () => document.documentElement.dataset.theme ?? "auto";
  const show = () => {
    label.textContent = `Theme: ${current()}`;
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length];
    if (next === "auto") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = next;
    }
    try {
      localStorage.setItem("runscope-theme", next);
    } catch {
      // It holds until the page is left.
    }
    show();
  });
  show();
  button.hidden = false;
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

const theme = document.getElementById("theme");
if (theme) themeButton(theme);

document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("focusin", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.stopImmediatePropagation();
});
