// Everything a counselor can do in the viewer: the one table behind toolbar, hotkeys, tooltips.

import { keysOf, matches } from './hotkeys.js';
import { t } from './texts.js';

/** @typedef {import('./types.js').SessionView} SessionView */
/** @typedef {import('../wire/messages.js').ScreenDriver} ScreenDriver */
/** @typedef {'screen'|'control'|'people'|'end'} Group */
/** @typedef {'100'|'75'|'50'|'fit'} Zoom */

/**
 * What actions work on: one session's tab.
 * @typedef {object} Seat
 * @property {SessionView} session
 * @property {(command: import('./types.js').Command) => void} send
 * @property {{refresh: () => void, useDriver: (driver: ScreenDriver) => void}} viewer
 * @property {Zoom} zoom
 * @property {boolean} isFullScreen
 * @property {(on: boolean) => void} setFullScreen
 * @property {boolean} isBarHidden
 * @property {boolean} hasHotkeys our shortcuts are ours; else they go to the customer (S82)
 * @property {boolean} isChatOpen
 * @property {(on: boolean) => void} setChatOpen
 */

/**
 * @typedef {object} Action
 * @property {string} name its text is `action.<name>`
 * @property {Group} group
 * @property {string} [icon]
 * @property {string[]} [shortcuts] the first one is shown
 * @property {boolean} [isLabelled] with its text beside the icon
 * @property {(seat: Seat) => boolean} [isShown]
 * @property {(seat: Seat) => boolean} [isOn] a toggle
 * @property {(seat: Seat) => void} run
 */

/** @param {SessionView} session */
const isLive = (session) => session.state === 'live' || session.state === 'broken';

/** @param {Seat} seat @param {Zoom} zoom */
const setZoom = (seat, zoom) => seat.send({ do: 'setting', name: 'zoom', value: zoom });

/** @type {Action[]} */
export const ACTIONS = [
  ...(/** @type {Zoom[]} */ (['100', '75', '50', 'fit'])).map((zoom) => /** @type {Action} */ ({
    name: `zoom-${zoom}`, group: 'screen', isLabelled: true,
    isOn: (seat) => seat.zoom === zoom,
    run: (seat) => setZoom(seat, zoom),
  })),
  {
    name: 'refresh', group: 'screen', icon: 'refresh-cw', shortcuts: ['Ctrl+Alt+KeyR'],
    isShown: ({ session }) => isLive(session),
    run: ({ viewer }) => viewer.refresh(),
  },
  {
    name: 'full-screen', group: 'screen', icon: 'maximize', shortcuts: ['Ctrl+Alt+Pause', 'F11'],
    isOn: (seat) => seat.isFullScreen,
    run: (seat) => seat.setFullScreen(!seat.isFullScreen),
  },
  {
    name: 'driver', group: 'screen', icon: 'monitor-cog', shortcuts: ['Ctrl+Alt+KeyG'],
    isShown: ({ session }) => isLive(session),
    isOn: ({ session }) => session.driver === 'portable',
    run: ({ session, viewer }) =>
      viewer.useDriver(session.driver === 'portable' ? 'auto' : 'portable'),
  },
  {
    name: 'hide-bar', group: 'screen', icon: 'panel-top-close', shortcuts: ['Ctrl+Alt+KeyH'],
    run: ({ send, isBarHidden }) => send({ do: 'setting', name: 'hide-bar', value: !isBarHidden }),
  },
  {
    name: 'view-only', group: 'control', icon: 'lock', isLabelled: true,
    shortcuts: ['Ctrl+Alt+KeyL'],
    isShown: ({ session }) => isLive(session) && session.granted.includes('control'),
    isOn: ({ session }) => session.view_only,
    run: ({ session, send }) =>
      send({ do: 'view-only', session: session.session, on: !session.view_only }),
  },
  {
    name: 'ask-control', group: 'control', icon: 'mouse-pointer-click', isLabelled: true,
    isShown: ({ session }) => session.state === 'live' && !session.granted.includes('control'),
    run: ({ session, send }) =>
      send({ do: 'ask-grants', session: session.session, grants: ['view', 'control'] }),
  },
  {
    name: 'hotkeys', group: 'control', icon: 'keyboard',
    isOn: (seat) => seat.hasHotkeys,
    run: ({ send, hasHotkeys }) => send({ do: 'setting', name: 'hotkeys', value: !hasHotkeys }),
  },
  {
    name: 'chat', group: 'people', icon: 'message-square', isLabelled: true,
    shortcuts: ['Ctrl+Alt+KeyC'],
    isOn: (seat) => seat.isChatOpen,
    run: (seat) => seat.setChatOpen(!seat.isChatOpen),
  },
  {
    name: 'end', group: 'end', icon: 'phone-off', isLabelled: true,
    isShown: ({ session }) => session.state !== 'ended',
    run: ({ session, send }) => send({ do: 'end-session', session: session.session }),
  },
];

/** @param {Seat} seat @param {Group} group @returns {Action[]} the ones that work now */
export function actionsOf(seat, group) {
  return ACTIONS.filter((action) => action.group === group && (action.isShown?.(seat) ?? true));
}

/** @param {Seat} seat @param {KeyboardEvent} event @returns {Action | undefined} */
export function hotkeyAction(seat, event) {
  if (!seat.hasHotkeys) return undefined;
  return ACTIONS.find((action) => (action.isShown?.(seat) ?? true)
    && action.shortcuts?.some((shortcut) => matches(event, shortcut)));
}

/** @param {Action} action @returns {string} its name and shortcut, for a tooltip */
export function hintOf(action) {
  const shortcut = action.shortcuts?.[0];
  const hint = t(`action.${action.name}.hint`);
  return shortcut ? `${hint} (${keysOf(shortcut)})` : hint;
}
