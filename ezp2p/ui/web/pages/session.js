// The customer while a counselor helps: who sees what since when, and how to end it.

import { html } from '../core/html.js';
import { Button, Icon } from '../core/parts.js';
import { t } from '../core/texts.js';
import { clockTime, useNow } from '../core/time.js';
import { Chat } from '../panels/chat.js';
import { Grants } from '../panels/grants.js';
import { Shell } from '../panels/shell.js';

/** @typedef {import('../core/types.js').Grant} Grant */
/** @typedef {import('../core/types.js').CustomerView} CustomerView */

/** @param {{desk: import('../core/look.js').Desk}} props */
export function SessionPage({ desk }) {
  const { state: { customer }, send, chat } = desk;
  if (!customer) return null;
  const change = (/** @type {Grant[]} */ granted) => send({ do: 'change-grants', granted });
  return html`<${Shell} desk=${desk} width="wide">
    <div class="session">
      <section class="sheet">
        <${Who} customer=${customer} />
        <${Grants} offered=${customer.grantable} granted=${customer.granted} onChange=${change} />
        <${Button} kind="danger wide" icon="phone-off"
          onClick=${() => send({ do: 'end-session', session: 0 })}>${t('session.end')}<//>
        <p class="next">${t('session.end.hint')}</p>
      </section>
      <${Chat} lines=${chat.filter((line) => line.session === 0)} isOpen=${true} who=${customer.counselor}
        onSay=${(/** @type {string} */ text) => send({ do: 'say', session: 0, text })} />
    </div>
  <//>`;
}

/** @param {{customer: CustomerView}} props */
function Who({ customer }) {
  const now = useNow(1000);
  const isBroken = customer.gives_up_ms > 0;
  const what = isBroken ? 'session.broken' : customer.granted.includes('control') ? 'session.controls'
    : customer.granted.includes('view') ? 'session.sees' : 'session.nothing';
  return html`<div class="who">
    <h1>${t(what, { counselor: customer.counselor })}</h1>
    <p class="facts">
      <span><${Icon} name="clock" size=${18} />${clockTime(now - customer.since_ms)}</span>
      ${!isBroken && customer.path && html`<span><${Icon} name="shield-check" size=${18} />
        ${t(`path.${customer.path}`)} · ${t('session.encrypted')}</span>`}
    </p>
    ${isBroken && html`<p class="warning" role="alert"><${Icon} name="wifi-off" size=${24} />
      <span>${t('session.reconnecting')} <span class="left" aria-hidden="true">${t('link.left', { time: clockTime(customer.gives_up_ms - now) })}</span></span></p>`}
  </div>`;
}
