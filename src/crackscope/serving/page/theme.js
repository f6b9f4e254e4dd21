// No module, so that it runs before anything is drawn: the page never flashes in the other theme.
try {
  const theme = localStorage.getItem("crackscope.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
