// The customer afterwards: thanks or why, the record, and once more.

import { html } from '../core/html.js';
import { Button, Icon, Problem } from '../core/parts.js';
import { hasText, t } from '../core/texts.js';
import { Shell } from '../panels/shell.js';

const GOOD = new Set(['', 'customer-ended', 'counselor-ended']);
const UNSEEN = new Set(['refused', 'consent-timeout']); // nothing was ever shown

/** @param {{desk: import('../core/look.js').Desk}} props */
export function EndedPage({ desk }) {
  const { state, send } = desk;
  const reason = state.customer?.end_reason ?? '';
  const isGood = GOOD.has(reason) && !state.problem;
  return html`<${Shell} desk=${desk}>
    <div class="sheet centred">
      <p class=${isGood ? 'sign good' : 'sign'}>
        <${Icon} name=${isGood ? 'circle-check' : 'circle-alert'} size=${48} /></p>
      <h1>${t(isGood ? 'ended.thanks' : UNSEEN.has(reason) ? 'ended.unseen' : 'ended.title')}</h1>
      ${reason && html`<p>${t(hasText(`ended.${reason}`) ? `ended.${reason}` : `end.${reason}`)}</p>`}
      <${Problem} problem=${state.problem} />
      <p class="next">${t('ended.nobody')}</p>
      ${reason === 'link-lost' && html`<${Button} icon="stethoscope"
        onClick=${() => send({ do: 'go-to', page: 'checkup' })}>${t('doctor.open')}<//>`}
      <div class="answers">
        ${state.customer?.record && html`<${Button} icon="file-text"
          onClick=${() => send({ do: 'open-record' })}>${t('ended.record')}<//>`}
        <${Button} kind="primary" icon="rotate-ccw" autofocus
          onClick=${() => send({ do: 'go-to', page: 'start' })}>${t('ended.again')}<//>
      </div>
    </div>
  <//>`;
}
