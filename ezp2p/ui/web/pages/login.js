// A counselor logs in. What is wrong stands beside the field it is about.

import { html, useEffect, useRef, useState } from '../core/html.js';
import { Button } from '../core/parts.js';
import { t } from '../core/texts.js';
import { Shell } from '../panels/shell.js';
import { Troubled } from '../panels/troubled.js';

/** @typedef {import('../core/types.js').ProblemView} ProblemView */

/** @param {ProblemView | null} problem @returns {'address' | 'password' | 'form'} */
function placeOf(problem) {
  if (/^(server|site|link)\./.test(problem?.key ?? '')) return 'address';
  return problem?.key === 'login.wrong' ? 'password' : 'form';
}

/** @param {{desk: import('../core/look.js').Desk}} props */
export function LoginPage({ desk }) {
  const { state, send } = desk;
  const canRemember = state.counselor?.can_remember ?? false;
  const [remember, setRemember] = useState(state.counselor?.remember ?? false);
  const place = placeOf(state.problem);
  const isKept = canRemember && (state.counselor?.remember ?? false); // then no password is needed
  const sheet = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => {
    const fields = [...(sheet.current?.querySelectorAll('.field input') ?? [])];
    const empty = fields.find((field) => /** @type {HTMLInputElement} */ (field).value === '');
    /** @type {HTMLElement | undefined} */ (empty)?.focus();
  }, []);
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const text = (/** @type {string} */ name) => String(form.get(name) ?? '');
    if (!state.busy) {
      send({ do: 'log-in', address: text('address').trim(), login: text('login').trim(),
        password: text('password'), remember: remember && canRemember });
    }
  };
  return html`<${Shell} desk=${desk} back=${() => send({ do: 'go-to', page: 'start' })}>
    <form class="sheet" ref=${sheet} onSubmit=${onSubmit}>
      <h1>${t('login.title')}</h1>
      <${Field} name="address" label=${t('server.address')} value=${state.server.address}
        placeholder="help.company.kr" inputmode="url" list="recent-servers"
        problem=${place === 'address' ? state.problem : null} send=${send} />
      <datalist id="recent-servers">
        ${state.recent_servers.map((each) => html`<option key=${each} value=${each} />`)}
      </datalist>
      <${Field} name="login" label=${t('login.name')} value=${state.counselor?.login ?? ''}
        autocomplete="username" send=${send} />
      <${Field} name="password" type="password" label=${t('login.password')}
        autocomplete="current-password" isOptional=${isKept}
        placeholder=${isKept ? t('login.kept') : undefined} problem=${place === 'password' ? state.problem : null} send=${send} />
      ${canRemember && html`<label class="check"><input type="checkbox" checked=${remember}
        onChange=${(/** @type {Event} */ event) =>
    setRemember(/** @type {HTMLInputElement} */ (event.target).checked)} />
        ${t('login.remember')}</label>`}
      <${Troubled} problem=${place === 'form' ? state.problem : null} send=${send} />
      <${Button} kind="primary wide" submit busy=${state.busy}>${t('login.go')}<//>
    </form>
  <//>`;
}

/**
 * @param {{name: string, label: string, value?: string, type?: string, placeholder?: string,
 *   inputmode?: string, autocomplete?: string, list?: string, isOptional?: boolean, problem?: ProblemView | null,
 *   send: (command: import('../core/types.js').Command) => void}} props
 */
function Field({ name, label, value, type = 'text', problem, isOptional, send, ...rest }) {
  const [first] = useState(value);
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <input id=${name} name=${name} type=${type} defaultValue=${first} required=${!isOptional} spellcheck=${false}
      autocomplete="off" autocapitalize="none" aria-describedby=${`${name}-problem`}
      aria-invalid=${problem ? 'true' : undefined} ...${rest} />
    <${Troubled} problem=${problem} id=${`${name}-problem`} send=${send} />
  </div>`;
}
