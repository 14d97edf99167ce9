// Between the code and the counselor: it takes a moment, and can be left.

import { html } from '../core/html.js';
import { Button, Problem, Waiting } from '../core/parts.js';
import { t } from '../core/texts.js';
import { Shell } from '../panels/shell.js';

/** @param {{desk: import('../core/look.js').Desk}} props */
export function JoiningPage({ desk: { state, send }, desk }) {
  return html`<${Shell} desk=${desk}>
    <div class="sheet centred">
      <h1>${t('joining.title')}</h1>
      <${Waiting} text=${t('joining.wait')} />
      <${Problem} problem=${state.problem} />
      <${Button} kind="secondary" autofocus onClick=${() => send({ do: 'cancel-joining' })}>
        ${t('cancel')}<//>
    </div>
  <//>`;
}
