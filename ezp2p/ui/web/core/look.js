// What a page remembers by itself for as long as it is open: nothing that matters.

/**
 * What a page needs to show and to ask. One object for all pages of a tab.
 * @typedef {object} Desk
 * @property {import('./types.js').State} state
 * @property {(command: import('./types.js').Command) => void} send
 * @property {import('./types.js').ChatSaid[]} chat
 * @property {Map<number, import('./types.js').QualityMeasured>} quality
 * @property {import('./bridge.js').Bridge} bridge
 * @property {boolean} isConnected the program hears us
 * @property {boolean} kiosk bars are hidden, the viewer fills the page
 */

/** @param {import('./types.js').State} state @param {string} name @param {boolean} otherwise */
export function flag(state, name, otherwise) {
  const value = state.settings[name];
  return typeof value === 'boolean' ? value : otherwise;
}

/** @param {import('./types.js').State} state @param {string} name @param {string} otherwise */
export function choice(state, name, otherwise) {
  const value = state.settings[name];
  return typeof value === 'string' && value ? value : otherwise;
}
