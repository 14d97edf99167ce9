// How this computer may be reached from outside: what the router is asked, what was set up there.

import { html, useId, useState } from '../core/html.js';
import { flag } from '../core/look.js';
import { Button, Dialog, Problem, Switch } from '../core/parts.js';
import { t } from '../core/texts.js';

/** @typedef {import('../core/look.js').Desk} Desk */

const LAST_PORT = 65535;
const STEPS = ['open', 'find', 'add', 'enter'];

/** The button that opens it. @param {{desk: Desk}} props */
export function ConnectionButton({ desk }) {
  const [isOpen, setOpen] = useState(false);
  return html`<${Button} icon="router" kind="ghost" label=${t('connection')} onClick=${() => setOpen(true)} />
    ${isOpen && html`<${Connection} desk=${desk} onClose=${() => setOpen(false)} />`}`;
}

/** @param {{desk: Desk, onClose: () => void}} props */
function Connection({ desk: { state, send }, onClose }) {
  return html`<${Dialog} title=${t('connection')} onClose=${onClose}>
    <p>${t('connection.what')}</p>
    <div class="grants">
      <${Switch} icon="router" title=${t('connection.upnp')} hint=${t('connection.upnp.hint')}
        on=${flag(state, 'upnp', true)}
        onChange=${(/** @type {boolean} */ on) => send({ do: 'setting', name: 'upnp', value: on })} />
    </div>
    <${ForwardedPort} port=${state.settings['forwarded-port']}
      onChange=${(/** @type {number} */ port) => send({ do: 'setting', name: 'forwarded-port', value: port })} />
    <details>
      <summary>${t('connection.help')}</summary>
      <ol>${STEPS.map((step) => html`<li key=${step}>${t(`connection.help.${step}`)}</li>`)}</ol>
    </details>
    <p class="next">${t('connection.when')}</p>
  <//>`;
}

/** @param {{port: string | boolean | number | undefined, onChange: (port: number) => void}} props */
function ForwardedPort({ port, onChange }) {
  const id = useId();
  const [isWrong, setWrong] = useState(false);
  const change = (/** @type {Event} */ event) => {
    const text = /** @type {HTMLInputElement} */ (event.target).value.trim();
    const number = text === '' ? 0 : Number(text);
    const isPort = Number.isInteger(number) && number >= 0 && number <= LAST_PORT;
    setWrong(!isPort);
    if (isPort) onChange(number);
  };
  return html`<div class="field">
    <label for=${id}>${t('connection.forwarded')}</label>
    <input id=${id} inputmode="numeric" autocomplete="off" defaultValue=${port || ''}
      aria-describedby=${`${id}-hint ${id}-problem`} aria-invalid=${isWrong ? 'true' : undefined}
      onChange=${change} />
    <small id=${`${id}-hint`}>${t('connection.forwarded.hint')}</small>
    <${Problem} problem=${isWrong ? { key: 'connection.forwarded.wrong', fields: {} } : null} id=${`${id}-problem`} />
  </div>`;
}
