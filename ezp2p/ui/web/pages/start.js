// Two choices: get help, give help.

import { html } from '../core/html.js';
import { Button, Icon, Problem } from '../core/parts.js';
import { t } from '../core/texts.js';
import { ConnectionButton } from '../panels/connection.js';
import { Shell } from '../panels/shell.js';

/** @typedef {import('../core/look.js').Desk} Desk */

/** @param {{desk: Desk}} props */
export function StartPage({ desk }) {
  const go = (/** @type {'code' | 'login' | 'checkup'} */ page) => () => desk.send({ do: 'go-to', page });
  return html`<${Shell} desk=${desk} width="wide" tools=${html`<${ConnectionButton} desk=${desk} />`}>
    <div class="start">
      <h1>${t('start.title')}</h1>
      <div class="choices">
        <${Choice} icon="life-buoy" kind="primary" name="get-help" onClick=${go('code')} />
        <${Choice} icon="headset" kind="quiet" name="give-help" onClick=${go('login')} />
      </div>
      <${Problem} problem=${desk.state.problem} />
      <p class="aside"><${Button} icon="stethoscope" kind="ghost" onClick=${go('checkup')}>
        ${t('doctor.open')}<//></p>
    </div>
  <//>`;
}

/** @param {{icon: string, kind: string, name: string, onClick: () => void}} props */
function Choice({ icon, kind, name, onClick }) {
  return html`<button type="button" class=${`choice ${kind}`} onClick=${onClick}>
    <${Icon} name=${icon} size=${40} />
    <strong>${t(`start.${name}`)}</strong>
    <span>${t(`start.${name}.hint`)}</span>
  </button>`;
}
