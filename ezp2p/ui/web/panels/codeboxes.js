// Nine boxes in three groups: each takes a digit and hands on to the next; a paste fills them
// all, and a pasted link goes straight on.

import { CODE_DIGITS, GROUP_DIGITS, digitsOf, isLink } from '../core/code.js';
import { html, useLayoutEffect, useRef } from '../core/html.js';
import { t } from '../core/texts.js';

/**
 * @param {{digits: string, isWrong: boolean, onChange: (digits: string) => void,
 *   onLink: (link: string) => void}} props
 */
export function CodeBoxes({ digits, isWrong, onChange, onLink }) {
  const group = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => focusBox(digits.length), [digits]);

  /** @param {number} index the one after the last is the button that connects */
  function focusBox(index) {
    const boxes = group.current?.querySelectorAll('input');
    if (index < CODE_DIGITS) boxes?.[index].focus();
    else document.getElementById('connect')?.focus();
  }
  /** @param {number} index @param {string} text what stands in this box now */
  function write(index, text) {
    const fresh = digitsOf(text);
    onChange((digits.slice(0, index) + fresh + digits.slice(index + Math.max(1, fresh.length)))
      .slice(0, CODE_DIGITS));
  }
  /** @param {number} index @param {KeyboardEvent} event */
  function onKey(index, event) {
    // A digit takes the place of the one that stands there, also where the caret was left.
    if (/^\d$/.test(event.key)) /** @type {HTMLInputElement} */ (event.target).select();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) focusBox(Math.min(CODE_DIGITS - 1, Math.max(0, index + step)));
    if (event.key !== 'Backspace') return;
    event.preventDefault();
    const at = index < digits.length ? index : digits.length - 1;
    onChange(digits.slice(0, Math.max(0, at)) + digits.slice(at + 1));
    focusBox(Math.max(0, at));
  }
  /** @param {ClipboardEvent} event */
  function onPaste(event) {
    event.preventDefault();
    const text = event.clipboardData?.getData('text') ?? '';
    if (isLink(text)) onLink(text.trim());
    else onChange(digitsOf(text).slice(0, CODE_DIGITS));
  }
  return html`<div class=${isWrong ? 'boxes wrong' : 'boxes'} role="group" ref=${group}
    aria-label=${t('code.boxes')} aria-describedby="code-problem" onPaste=${onPaste}>
    ${Array.from({ length: CODE_DIGITS }, (_, i) => html`<input key=${i} type="text"
      class=${i > 0 && i % GROUP_DIGITS === 0 ? 'box apart' : 'box'} inputmode="numeric"
      autocomplete="off" aria-invalid=${isWrong ? 'true' : undefined}
      aria-label=${t('code.box', { n: i + 1 })} value=${digits[i] ?? ''}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKey(i, event)}
      onFocus=${(/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).select()}
      onInput=${(/** @type {Event} */ event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    const text = box.value;
    box.value = digits[i] ?? '';
    write(Math.min(i, digits.length), text);
  }} />`)}
  </div>`;
}
