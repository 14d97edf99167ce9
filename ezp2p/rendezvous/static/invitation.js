// Takes the secret from behind the "#" of an invitation, hides it from the address bar, and puts
// it into the link that opens the program. It goes nowhere else: not to the server, not into a log.
// @ts-check

const SECRET = /^#(k=[A-Za-z0-9_-]{22}(?:&p=[A-Za-z0-9_-]{43})?)$/;

/** @param {string} id */
function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no ${id}`);
  return element;
}

const found = SECRET.exec(location.hash);
history.replaceState(null, "", location.pathname + location.search);

if (found) {
  const whole = part("whole");
  const open = part("open");
  const copy = part("copy");
  const label = copy.textContent;
  open.setAttribute("href", `${whole.dataset.program}#${found[1]}`);
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(`${whole.dataset.page}#${found[1]}`);
    copy.textContent = copy.dataset.done ?? label;
    setTimeout(() => (copy.textContent = label), 2000);
  });
  // The other language is another load of this page, which must not lose the secret.
  document.querySelectorAll("a.language").forEach((link) => {
    link.setAttribute("href", `${link.getAttribute("href")}#${found[1]}`);
  });
  whole.hidden = false;
} else {
  part("incomplete").hidden = false;
}
