// A problem with the way to the server, and the offer to find out why.

import { html } from '../core/html.js';
import { Button, Problem } from '../core/parts.js';
import { t } from '../core/texts.js';

/** @typedef {import('../core/types.js').ProblemView} ProblemView */

const CHECKABLE = /^(server\.(unreachable|certificate|protocol|version|refused|busy)|proxy\.|link\.lost)/;

/**
 * @param {{problem: ProblemView | null | undefined, id?: string,
 *   send: (command: import('../core/types.js').Command) => void}} props
 */
export function Troubled({ problem, id, send }) {
  const isCheckable = CHECKABLE.test(problem?.key ?? '');
  return html`<${Problem} problem=${problem} id=${id} />
    ${isCheckable && html`<${Button} icon="stethoscope"
      onClick=${() => send({ do: 'go-to', page: 'checkup' })}>${t('doctor.open')}<//>`}`;
}
