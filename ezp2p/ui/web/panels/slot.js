// A waiting slot: the code to read aloud, for how long, and other ways to hand it over.

import { copyText } from '../core/clipboard.js';
import { html, useState } from '../core/html.js';
import { Button, Dialog, Icon, Problem, Waiting } from '../core/parts.js';
import { hasText, t } from '../core/texts.js';
import { clockTime, useNow } from '../core/time.js';

/** @typedef {import('../core/types.js').ProblemView} ProblemView */
/** @typedef {import('../core/types.js').SlotView} SlotView */

const LIFE_MS = 10 * 60 * 1000;
const SOON_MS = 60 * 1000;
const COPIED_MS = 2000;

/**
 * @param {{slot: SlotView, isOnly: boolean, send: (command: import('../core/types.js').Command) => void,
 *   onShowSession: () => void}} props
 */
export function Slot({ slot, isOnly, send, onShowSession }) {
  return html`<article class=${`slot ${slot.state}`} aria-label=${t('slot.title', { n: slot.slot })}>
    <header class="slot-head">
      <h2>${t('slot.title', { n: slot.slot })}</h2>
      ${slot.state === 'waiting' && html`<div class="slot-tools">
        <${Button} icon="refresh-cw" kind="ghost" label=${t('slot.renew')}
          onClick=${() => send({ do: 'renew-slot', slot: slot.slot })} />
        ${!isOnly && html`<${Button} icon="trash-2" kind="ghost" label=${t('slot.remove')}
          onClick=${() => send({ do: 'remove-slot', slot: slot.slot })} />`}
      </div>`}
    </header>
    ${slot.state === 'opening' && html`<${Waiting} text=${t('slot.opening')} />`}
    ${slot.state === 'waiting' && html`<${Code} slot=${slot} />`}
    ${slot.state === 'calling' && html`<div class="happening" role="status">
      <${Icon} name="phone-call" size=${28} /><strong>${t('slot.calling')}</strong>
      <span>${slot.caller}</span></div>`}
    ${slot.state === 'session' && html`<div class="happening">
      <${Icon} name="monitor" size=${28} /><strong>${t('slot.session')}</strong>
      <span>${slot.caller}</span>
      <${Button} kind="primary" onClick=${onShowSession}>${t('slot.show')}<//></div>`}
    <${Problem} problem=${slot.problem && counselors(slot.problem)} />
  </article>`;
}

/** The sentence for this side of the phone, where it differs from the customer's.
 * @param {ProblemView} problem @returns {ProblemView} */
function counselors(problem) {
  return hasText(`call.${problem.key}`) ? { ...problem, key: `call.${problem.key}` } : problem;
}

/** @param {{slot: SlotView}} props */
function Code({ slot }) {
  const [isQrOpen, setQrOpen] = useState(false);
  return html`<p class="code">${slot.code}</p>
    <${TimeLeft} until_ms=${slot.until_ms} />
    <div class="slot-ways">
      <${CopyButton} icon="copy" label=${t('slot.copy-code')} text=${slot.code} />
      <${CopyButton} icon="link" label=${t('slot.copy-link')} text=${slot.link} />
      ${slot.qr_svg && html`<${Button} icon="qr-code" onClick=${() => setQrOpen(true)}>
        ${t('slot.qr')}<//>`}
    </div>
    ${isQrOpen && html`<${Dialog} title=${t('slot.qr.title')} onClose=${() => setQrOpen(false)}>
      <img class="qr" alt=${t('slot.qr.alt')}
        src=${`data:image/svg+xml,${encodeURIComponent(slot.qr_svg)}`} />
      <p>${t('slot.qr.hint')}</p>
    <//>`}`;
}

/** @param {{until_ms: number}} props */
function TimeLeft({ until_ms }) {
  const left = Math.max(0, until_ms - useNow(1000));
  return html`<div class=${left < SOON_MS ? 'time-left soon' : 'time-left'}>
    <progress max="100" value=${Math.min(100, (100 * left) / LIFE_MS)}
      aria-label=${t('slot.time-left.label')}></progress>
    <span>${t('slot.time-left', { time: clockTime(left) })}</span>
  </div>`;
}

/** @param {{icon: string, label: string, text: string}} props */
function CopyButton({ icon, label, text }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    setDone(await copyText(text));
    setTimeout(() => setDone(false), COPIED_MS);
  };
  return html`<${Button} icon=${isDone ? 'check' : icon} onClick=${copy}>
    <span aria-live="polite">${isDone ? t('copied') : label}</span><//>`;
}
