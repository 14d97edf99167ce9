// Small parts that every page is made of.

import { html, useEffect, useId, useLayoutEffect, useRef } from './html.js';
import { t } from './texts.js';

/** @typedef {import('./html.js').Child} Child */
/** @typedef {import('./types.js').ProblemView} ProblemView */

/** @param {{name: string, size?: number}} props */
export function Icon({ name, size = 20 }) {
  return html`<svg class="icon" width=${size} height=${size} aria-hidden="true">
    <use href=${`vendor/lucide/icons.svg#${name}`} /></svg>`;
}

/**
 * A button with an icon; without children its label is read out and shown as a tooltip.
 * @param {{icon?: string, label?: string, kind?: string, disabled?: boolean, busy?: boolean,
 *   pressed?: boolean, submit?: boolean, onClick?: (event: Event) => void, children?: Child,
 *   autofocus?: boolean, id?: string}} props
 */
export function Button(props) {
  const { icon, label, kind = 'secondary', disabled, busy, pressed, submit, onClick } = props;
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (props.autofocus) button.current?.focus();
  }, []);
  return html`<button ref=${button} id=${props.id} type=${submit ? 'submit' : 'button'}
    class=${`button ${kind}`} disabled=${disabled} aria-busy=${busy ? 'true' : undefined}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}
    aria-label=${label} title=${label} onClick=${onClick}>
    ${icon && html`<${Icon} name=${icon} />`}${props.children}
  </button>`;
}

/** A sentence about what went wrong and what to do, read out when it appears.
 * @param {{problem: ProblemView | null | undefined, id?: string}} props */
export function Problem({ problem, id }) {
  return html`<div role="alert" id=${id}>${problem && html`
    <p class="problem"><${Icon} name="circle-alert" /><span>${t(problem.key, problem.fields)}</span></p>`}
  </div>`;
}

/**
 * A question over the page. Escape and the page behind it close it.
 * @param {{title: string, onClose: () => void, children?: Child}} props
 */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  const onPointer = (/** @type {Event} */ event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} aria-labelledby=${id} onClose=${onClose} onPointerDown=${onPointer}>
    <article>
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        <${Button} icon="x" kind="ghost" label=${t('dialog.close')} onClick=${onClose} />
      </header>
      ${children}
    </article>
  </dialog>`;
}

/** @param {{text: string}} props a spinning wheel with what is being waited for */
export function Waiting({ text }) {
  return html`<p class="wait-line" role="status"><span class="spinner" aria-hidden="true"></span>${text}</p>`;
}

/**
 * A switch with a title and a sentence of what it means.
 * @param {{icon: string, title: string, hint?: string, on: boolean, disabled?: boolean,
 *   onChange: (on: boolean) => void}} props
 */
export function Switch({ icon, title, hint, on, disabled, onChange }) {
  const change = (/** @type {Event} */ event) =>
    onChange(/** @type {HTMLInputElement} */ (event.target).checked);
  return html`<label class="switch">
    <${Icon} name=${icon} size=${24} />
    <span class="switch-text"><strong>${title}</strong>${hint && html`<small>${hint}</small>`}</span>
    <input type="checkbox" role="switch" checked=${on} disabled=${disabled} onChange=${change} />
  </label>`;
}
