// Not a module, so that it runs before the first paint and nothing flashes.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("workspace:theme");
  } catch {
    // Storage may be switched off; the system's own choice is then kept.
  }
  if (theme) document.documentElement.dataset.theme = theme;
})();
