// The counselor waits: a code for each customer to come.

import { chime } from '../core/chime.js';
import { html, useEffect, useRef } from '../core/html.js';
import { flag } from '../core/look.js';
import { Button, Icon, Problem } from '../core/parts.js';
import { t } from '../core/texts.js';
import { ConnectionButton } from '../panels/connection.js';
import { Shell } from '../panels/shell.js';
import { Slot } from '../panels/slot.js';

/** @typedef {import('../core/look.js').Desk} Desk */

/** @param {{desk: Desk}} props */
export function WaitingPage({ desk }) {
  const { state, send } = desk;
  const counselor = state.counselor;
  const slots = counselor?.slots ?? [];
  const calling = slots.filter((slot) => slot.state === 'calling').length;
  const isSound = flag(state, 'sound', true);
  useRing(calling, isSound);
  if (!counselor) return null;
  const show = () => send({ do: 'go-to', page: 'viewer' });
  const tools = html`
    <${ConnectionButton} desk=${desk} />
    <${Button} icon=${isSound ? 'volume-2' : 'volume-x'} kind="ghost" pressed=${isSound}
      label=${t(isSound ? 'sound.on' : 'sound.off')}
      onClick=${() => send({ do: 'setting', name: 'sound', value: !isSound })} />
    <${Button} icon="log-out" kind="ghost" label=${t('logout')} onClick=${() => send({ do: 'log-out' })} />`;
  return html`<${Shell} desk=${desk} width="wide" tools=${tools}>
    <div class="waiting-page">
      <div class="headline">
        <div><h1>${t('waiting.title')}</h1><p>${t('waiting.hint')}</p></div>
        ${counselor.sessions.length > 0 && html`<${Button} icon="monitor" kind="primary"
          onClick=${show}>${t('waiting.sessions', { n: counselor.sessions.length })}<//>`}
      </div>
      <${Problem} problem=${state.problem} />
      <div class="slots">
        ${slots.map((slot) => html`<${Slot} key=${slot.slot} slot=${slot} send=${send}
          isOnly=${slots.length === 1} onShowSession=${show} />`)}
        ${slots.length < counselor.max_slots && html`<button type="button" class="slot add"
          disabled=${state.busy} onClick=${() => send({ do: 'add-slot' })}>
          <${Icon} name="plus" size=${28} /><strong>${t('slot.add')}</strong>
          <span>${t('slot.add.hint', { n: slots.length, max: counselor.max_slots })}</span></button>`}
      </div>
      <${Server} desk=${desk} />
    </div>
  <//>`;
}

/** @param {{desk: Desk}} props */
function Server({ desk: { state: { server, counselor } } }) {
  return html`<p class=${server.online ? 'server-line' : 'server-line offline'} role="status">
    <span class="dot" aria-hidden="true"></span>
    ${t(server.online ? 'server.online' : 'server.offline', { server: server.address })}
    <span class="push">${counselor?.name || counselor?.login}</span>
  </p>`;
}

/** One chime for each customer who begins to call. @param {number} calling @param {boolean} isOn */
function useRing(calling, isOn) {
  const before = useRef(calling);
  useEffect(() => {
    if (isOn && calling > before.current) chime();
    before.current = calling;
  }, [calling]);
}
