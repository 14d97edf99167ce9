// The way to the server, step by step: the first thing that is wrong on top, and what to do.

import { copyText } from '../core/clipboard.js';
import { html, useState } from '../core/html.js';
import { Button, Icon, Problem } from '../core/parts.js';
import { t } from '../core/texts.js';
import { Shell } from '../panels/shell.js';

/** @typedef {import('../core/types.js').CheckState} CheckState */
/** @typedef {import('../core/types.js').CheckView} CheckView */
/** @typedef {import('../core/types.js').CheckupView} CheckupView */

const COPIED_MS = 2000;
/** @type {Record<CheckState, string>} */
const ICONS = {
  waiting: 'circle-dashed', running: 'circle-dashed', good: 'circle-check',
  worse: 'triangle-alert', bad: 'circle-alert', skipped: 'circle-minus',
};

/** @param {{desk: import('../core/look.js').Desk}} props */
export function CheckupPage({ desk, desk: { state, send } }) {
  const checkup = state.checkup;
  if (!checkup) return null;
  return html`<${Shell} desk=${desk} back=${() => send({ do: 'go-to', page: checkup.back })}>
    <div class="sheet checkup">
      <h1>${t('doctor.title')}</h1>
      <p>${t('doctor.hint')}</p>
      <${Target} checkup=${checkup} recent=${state.recent_servers} problem=${state.problem} send=${send} />
      <${Result} checkup=${checkup} />
      <${Checks} checkup=${checkup} />
      ${checkup.report && html`<${Report} report=${checkup.report} />`}
    </div>
  <//>`;
}

/**
 * @param {{checkup: CheckupView, recent: string[],
 *   problem: import('../core/types.js').ProblemView | null,
 *   send: (command: import('../core/types.js').Command) => void}} props
 */
function Target({ checkup, recent, problem, send }) {
  const [address, setAddress] = useState(checkup.address);
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (checkup.running) send({ do: 'stop-checkup' });
    else send({ do: 'check-up', address: address.trim() });
  };
  const label = checkup.checks.length > 0 ? t('doctor.again') : t('doctor.start');
  return html`<form class="target" onSubmit=${onSubmit}>
    <label for="address">${t('server.address')}</label>
    <div class="target-line">
      <input id="address" name="address" type="text" inputmode="url" autocomplete="off"
        autocapitalize="none" spellcheck=${false} list="recent-servers" placeholder="help.company.kr"
        value=${address} disabled=${checkup.running} aria-describedby="address-problem"
        onInput=${(/** @type {Event} */ event) =>
    setAddress(/** @type {HTMLInputElement} */ (event.target).value)} />
      <${Button} icon=${checkup.running ? 'x' : 'refresh-cw'} kind=${checkup.running ? 'secondary' : 'primary'}
        submit>${checkup.running ? t('doctor.stop') : label}<//>
    </div>
    <datalist id="recent-servers">
      ${recent.map((each) => html`<option key=${each} value=${each} />`)}
    </datalist>
    <${Problem} problem=${problem} id="address-problem" />
  </form>`;
}

/** What counts, read out when it is known. @param {{checkup: CheckupView}} props */
function Result({ checkup }) {
  const { running, conclusion, checks, state } = checkup;
  const max = checks.length;
  const n = checks.filter((check) => !['waiting', 'running'].includes(check.state)).length;
  return html`<div class="result" role="status">
    ${running && html`<p class="wait-line"><span class="spinner" aria-hidden="true"></span>
      <span>${t('check.state.running')}…</span>
      <span class="count" aria-hidden="true">${n}/${max}</span></p>`}
    ${conclusion && html`<p class=${`conclusion ${state}`}><${Icon} name=${ICONS[state]} size=${28} />
      <strong>${t(conclusion.key, conclusion.fields)}</strong></p>`}
  </div>`;
}

/** @param {{checkup: CheckupView}} props */
function Checks({ checkup }) {
  const { checks, conclusion } = checkup;
  if (checks.length === 0) return null;
  return html`<ul class="checks" aria-label=${t('doctor.checks')}>
    ${checks.map((check) => html`<${Row} key=${check.name} check=${check}
      isSaid=${check.key !== '' && check.key === conclusion?.key} />`)}
  </ul>`;
}

/** @param {{check: CheckView, isSaid: boolean}} props `isSaid`: its sentence stands on top */
function Row({ check, isSaid }) {
  return html`<li class=${`check-row ${check.state}`}>
    ${check.state === 'running'
    ? html`<span class="spinner" aria-hidden="true"></span>` : html`<${Icon} name=${ICONS[check.state]} />`}
    <span class="check-name">${t(`check.${check.name}`)}</span>
    <span class="check-state">${t(`check.state.${check.state}`)}</span>
    ${check.key && !isSaid && html`<p>${t(check.key, check.fields)}</p>`}
  </li>`;
}

/** @param {{report: string}} props */
function Report({ report }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    setDone(await copyText(report));
    setTimeout(() => setDone(false), COPIED_MS);
  };
  return html`<div class="report">
    <${Button} icon=${isDone ? 'check' : 'copy'} onClick=${copy}>
      <span aria-live="polite">${isDone ? t('copied') : t('doctor.copy')}</span><//>
    <details>
      <summary>${t('doctor.preview')}</summary>
      <p class="next">${t('doctor.preview.hint')}</p>
      <pre tabindex="0">${report}</pre>
    </details>
  </div>`;
}
