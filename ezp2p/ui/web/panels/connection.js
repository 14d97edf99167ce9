// How this computer may be reached from outside: what the router is asked, what was set up there.

import { html, useId, useState } from '../core/html.js';
import { flag } from '../core/look.js';
import { Button, Dialog, Problem, Switch } from '../core/parts.js';
import { t } from '../core/texts.js';

/** @typedef {import('../core/look.js').Desk} Desk */

const LAST_PORT = 65535;
const RELAY_PORTS = ['443', '80', '3000', '51515'];
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
    <${RelayPorts} chosen=${String(state.settings['relay-ports'] ?? '')}
      onChange=${(/** @type {string} */ ports) => send({ do: 'setting', name: 'relay-ports', value: ports })} />
    <${ProxyForm} address=${String(state.settings.proxy ?? '')} send=${send} />
    <details>
      <summary>${t('connection.help')}</summary>
      <ol>${STEPS.map((step) => html`<li key=${step}>${t(`connection.help.${step}`)}</li>`)}</ol>
    </details>
    <p class="next">${t('connection.when')}</p>
  <//>`;
}

/** @param {{chosen: string, onChange: (ports: string) => void}} props empty: all of them */
function RelayPorts({ chosen, onChange }) {
  const ticked = chosen === '' ? RELAY_PORTS : chosen.split(',');
  const change = (/** @type {string} */ port, /** @type {boolean} */ on) => {
    const next = RELAY_PORTS.filter((each) => (each === port ? on : ticked.includes(each)));
    onChange(next.length === RELAY_PORTS.length ? '' : next.join(','));
  };
  return html`<fieldset class="field">
    <legend>${t('connection.ports')}</legend>
    ${RELAY_PORTS.map((port) => html`<label key=${port}>
      <input type="checkbox" checked=${ticked.includes(port)}
        onChange=${(/** @type {Event} */ event) =>
          change(port, /** @type {HTMLInputElement} */ (event.target).checked)} />${port}</label>`)}
    <small>${t('connection.ports.hint')}</small>
  </fieldset>`;
}

/** @param {{address: string, send: Desk['send']}} props */
function ProxyForm({ address, send }) {
  const id = useId();
  const use = (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const typed = (/** @type {string} */ name) => String(form.get(name) ?? '');
    send({ do: 'use-proxy', address: typed('address').trim(), password: typed('password') });
  };
  return html`<form onSubmit=${use}>
    <div class="field">
      <label for=${id}>${t('connection.proxy')}</label>
      <input id=${id} name="address" autocomplete="off" spellcheck=${false} defaultValue=${address}
        aria-describedby=${`${id}-hint`} />
      <small id=${`${id}-hint`}>${t('connection.proxy.hint')}</small>
    </div>
    <div class="field">
      <label for=${`${id}-password`}>${t('connection.proxy.password')}</label>
      <input id=${`${id}-password`} name="password" type="password" autocomplete="off"
        aria-describedby=${`${id}-password-hint`} />
      <small id=${`${id}-password-hint`}>${t('connection.proxy.password.hint')}</small>
    </div>
    <${Button} submit>${t('connection.proxy.use')}<//>
  </form>`;
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
