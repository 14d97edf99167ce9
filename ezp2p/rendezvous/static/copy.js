// Copies what stands on the page. Where the browser offers no clipboard the button stays hidden.
// @ts-check

/** @param {HTMLButtonElement} button */
function offer(button) {
  const source = document.getElementById(button.dataset.copies ?? "");
  if (!source || !navigator.clipboard) return;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent ?? "");
    button.textContent = button.dataset.done ?? label;
    setTimeout(() => (button.textContent = label), 2000);
  });
}

document.querySelectorAll("button[data-copies]").forEach((button) => {
  if (button instanceof HTMLButtonElement) offer(button);
});
