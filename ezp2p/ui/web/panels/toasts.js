// Passing lines: something to know that needs no answer.

import { html } from '../core/html.js';
import { hasText, t } from '../core/texts.js';

/** @typedef {import('../core/types.js').Notified} Notified */

/** @param {{notes: (Notified & {id: number})[]}} props */
export function Toasts({ notes }) {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${notes.map((note) => html`<p key=${note.id} class="toast">${t(textKey(note.key), note.fields)}</p>`)}
  </div>`;
}

/** A call can fail in many ways; not each has a sentence of its own for the counselor.
 * @param {string} key */
function textKey(key) {
  return key.startsWith('call.') && !hasText(key) ? 'call.failed' : key;
}
