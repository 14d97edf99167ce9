// What the customer allows, one switch each.

import { html } from '../core/html.js';
import { Switch } from '../core/parts.js';
import { t } from '../core/texts.js';

/** @typedef {import('../core/types.js').Grant} Grant */

/** @type {Record<Grant, string>} */
const ICONS = { view: 'eye', control: 'mouse-pointer-click' };

/**
 * @param {{offered: Grant[], granted: Grant[], disabled?: boolean,
 *   onChange: (granted: Grant[]) => void}} props
 */
export function Grants({ offered, granted, disabled, onChange }) {
  /** @param {Grant} grant @param {boolean} on */
  const change = (grant, on) => onChange(offered.filter((each) =>
    (each === grant ? on : granted.includes(each) || (on && needs(grant, each)))
    && !(!on && needs(each, grant))));
  return html`<div class="grants">
    ${offered.map((grant) => html`<${Switch} key=${grant} icon=${ICONS[grant]}
      title=${t(`grant.${grant}`)} hint=${t(`grant.${grant}.hint`)} disabled=${disabled}
      on=${granted.includes(grant)} onChange=${(/** @type {boolean} */ on) => change(grant, on)} />`)}
  </div>`;
}

/** Nobody can control what they do not see.
 * @param {Grant} grant @param {Grant} other */
function needs(grant, other) {
  return grant === 'control' && other === 'view';
}
