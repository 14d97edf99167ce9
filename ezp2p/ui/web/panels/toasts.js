// Passing lines: something to know that needs no answer.

import { html } from '../core/html.js';
import { t } from '../core/texts.js';

/** @typedef {import('../core/types.js').Notified} Notified */

/** @param {{notes: (Notified & {id: number})[]}} props */
export function Toasts({ notes }) {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${notes.map((note) => html`<p key=${note.id} class="toast">${t(note.key, note.fields)}</p>`)}
  </div>`;
}
