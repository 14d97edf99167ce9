// The customer's permission. Refusing is the easy way: it has the focus, the Escape key and the
// time-out; allowing needs half a second of looking first.

import { html, useEffect, useState } from '../core/html.js';
import { Button, Icon } from '../core/parts.js';
import { t } from '../core/texts.js';
import { secondsLeft, useNow } from '../core/time.js';
import { Grants } from '../panels/grants.js';
import { Shell } from '../panels/shell.js';

/** @typedef {import('../core/types.js').Grant} Grant */

const LOOK_MS = 500;

/** @param {{desk: import('../core/look.js').Desk}} props */
export function ConsentPage({ desk }) {
  const { state: { customer }, send } = desk;
  const asks = customer?.asks ?? [];
  const [shownAt] = useState(Date.now());
  const [granted, setGranted] = useState(/** @type {Grant[]} */ (asks));
  useEffect(() => setGranted(asks), [asks.join()]);
  const now = useNow(100);
  const isEarly = now < Math.max(shownAt + LOOK_MS, customer?.allow_from_ms ?? 0);
  const answer = (/** @type {Grant[]} */ grants) => send({ do: 'answer-consent', granted: grants });
  useEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && answer([]);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  if (!customer) return null;
  return html`<${Shell} desk=${desk}>
    <div class="sheet consent">
      <h1>${t('consent.title', { company: customer.company, counselor: customer.counselor })}</h1>
      <${Grants} offered=${asks} granted=${granted} onChange=${setGranted} />
      <p class="warning"><${Icon} name="shield-alert" size=${24} /><span>${t('consent.scam')}</span></p>
      <div class="answers">
        <${Button} kind="secondary strong" autofocus onClick=${() => answer([])}>${t('consent.refuse')}<//>
        <${Button} kind="primary" disabled=${isEarly || granted.length === 0}
          onClick=${() => answer(granted)}>${t('consent.allow')}<//>
      </div>
      ${customer.consent_until_ms > 0 && html`<p class="next">
        ${t('consent.time-left', { s: secondsLeft(customer.consent_until_ms, now) })}</p>`}
      ${customer.words.length > 0 && html`<details>
        <summary>${t('more')}</summary>
        <p>${t('consent.words.hint')}</p>
        <p class="words">${customer.words.map((word) => html`<span key=${word}>${word}</span>`)}</p>
      </details>`}
    </div>
  <//>`;
}
