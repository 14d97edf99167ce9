// The viewer's bar: the actions table, drawn.

import { actionsOf, hintOf } from '../core/actions.js';
import { html } from '../core/html.js';
import { Icon } from '../core/parts.js';
import { t } from '../core/texts.js';

/** @typedef {import('../core/actions.js').Action} Action */
/** @typedef {import('../core/actions.js').Seat} Seat */

const GROUPS = /** @type {const} */ (['screen', 'control', 'people', 'end']);

/** @param {{seat: Seat, unread: number}} props */
export function Toolbar({ seat, unread }) {
  return html`<header><div class="toolbar" role="toolbar" aria-label=${t('toolbar.title')}>
    ${GROUPS.map((group) => html`<div class=${`tools ${group}`} role="group" key=${group}
      aria-label=${t(`toolbar.${group}`)}>
      ${actionsOf(seat, group).map((action) => html`<${Tool} key=${action.name} action=${action}
        seat=${seat} count=${action.name === 'chat' ? unread : 0} />`)}
    </div>`)}
  </div></header>`;
}

/** @param {{action: Action, seat: Seat, count: number}} props */
function Tool({ action, seat, count }) {
  const label = t(`action.${action.name}`);
  return html`<button type="button" class=${action.group === 'end' ? 'tool danger' : 'tool'}
    title=${hintOf(action)} aria-label=${action.isLabelled ? undefined : label}
    aria-pressed=${action.isOn ? String(action.isOn(seat)) : undefined}
    onClick=${() => action.run(seat)}>
    ${action.icon && html`<${Icon} name=${action.icon} size=${18} />`}
    ${action.isLabelled && html`<span>${label}</span>`}
    ${count > 0 && html`<span class="badge">${count}</span>`}
  </button>`;
}
