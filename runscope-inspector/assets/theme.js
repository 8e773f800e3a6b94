// Sets the chosen theme before anything is painted. Without a choice, the system's is taken.
(() => {
  try {
    const theme = localStorage.getItem("runscope-theme");
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // A browser that keeps nothing follows the system.
  }
})();
