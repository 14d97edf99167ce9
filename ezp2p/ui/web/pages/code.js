// The customer types the nine digits a counselor reads aloud.

import { isCode, isLink } from '../core/code.js';
import { html, useEffect, useState } from '../core/html.js';
import { Button } from '../core/parts.js';
import { t } from '../core/texts.js';
import { CodeBoxes } from '../panels/codeboxes.js';
import { Shell } from '../panels/shell.js';
import { Troubled } from '../panels/troubled.js';

/** @typedef {import('../core/look.js').Desk} Desk */

/** @param {{desk: Desk}} props */
export function CodePage({ desk }) {
  const { server } = desk.state;
  const [isChanging, setChanging] = useState(false);
  useEffect(() => setChanging(false), [server.address]);
  const back = () => desk.send({ do: 'go-to', page: 'start' });
  return html`<${Shell} desk=${desk} back=${back}>
    ${server.address && !isChanging
    ? html`<${CodeForm} desk=${desk} onChangeServer=${() => setChanging(true)} />`
    : html`<${ServerForm} desk=${desk} />`}
  <//>`;
}

/** @param {{desk: Desk}} props */
function ServerForm({ desk: { state, send } }) {
  const [address, setAddress] = useState(state.server.address);
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    // A counselor may have sent the whole link: then there is no code to type.
    if (isLink(address) && address.includes('#')) send({ do: 'enter-code', code: address.trim() });
    else if (address.trim()) send({ do: 'choose-server', address: address.trim() });
  };
  return html`<form class="sheet" onSubmit=${onSubmit}>
    <h1>${t('server.title')}</h1>
    <p id="server-hint">${t('server.hint')}</p>
    <label>${t('server.address')}
      <input name="address" type="text" inputmode="url" autocomplete="off" spellcheck=${false}
        list="recent-servers" placeholder="help.company.kr" value=${address}
        aria-describedby="server-hint server-problem" ref=${focus}
        onInput=${(/** @type {Event} */ event) =>
    setAddress(/** @type {HTMLInputElement} */ (event.target).value)} />
    </label>
    <datalist id="recent-servers">
      ${state.recent_servers.map((each) => html`<option key=${each} value=${each} />`)}
    </datalist>
    <${Troubled} problem=${state.problem} id="server-problem" send=${send} />
    <${Button} kind="primary wide" submit busy=${state.busy}>${t('continue')}<//>
  </form>`;
}

/** @param {{desk: Desk, onChangeServer: () => void}} props */
function CodeForm({ desk: { state, send }, onChangeServer }) {
  const [digits, setDigits] = useState('');
  const isFull = digits.length === 9;
  const mistyped = isFull && !isCode(digits);
  useEffect(() => {
    if (state.problem?.key === 'code.wrong') setDigits('');
  }, [state.problem]);
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isCode(digits) && !state.busy) send({ do: 'enter-code', code: digits });
  };
  const problem = mistyped ? { key: 'code.mistyped', fields: {} } : isFull ? null : state.problem;
  return html`<form class="sheet" onSubmit=${onSubmit}>
    <h1>${t('code.title')}</h1>
    <p>${t('code.hint')}</p>
    <${CodeBoxes} digits=${digits} isWrong=${mistyped} onChange=${setDigits}
      onLink=${(/** @type {string} */ link) => send({ do: 'enter-code', code: link })} />
    <${Troubled} problem=${problem} id="code-problem" send=${send} />
    <${Button} kind="primary wide" id="connect" submit busy=${state.busy}
      disabled=${!isFull || mistyped}>${t('code.connect')}<//>
    <p class="next">${t('code.next')}</p>
    <p class="company">${t('code.company', { company: state.server.company || state.server.address })}
      <button type="button" class="link" onClick=${onChangeServer}>${t('code.change-company')}</button></p>
  </form>`;
}

/** @param {HTMLInputElement | null} field */
function focus(field) {
  if (field && !document.activeElement?.matches('input')) field.focus();
}
