// Shortcuts as data: "Ctrl+Alt+KeyR" names modifiers and a physical key (KeyboardEvent.code),
// so that they work while a Korean IME is on and with any layout.

const MODIFIERS = ['Ctrl', 'Alt', 'Shift', 'Meta'];

/** @param {KeyboardEvent} event @param {string} shortcut @returns {boolean} */
export function matches(event, shortcut) {
  const parts = shortcut.split('+');
  const code = parts.pop();
  // AltGr is reported as Ctrl+Alt on Windows, but types a character.
  if (event.code !== code || event.getModifierState('AltGraph')) return false;
  const held = [event.ctrlKey, event.altKey, event.shiftKey, event.metaKey];
  return MODIFIERS.every((name, i) => held[i] === parts.includes(name));
}

/** @param {string} shortcut @returns {string} as printed on the keys: "Ctrl+Alt+R" */
export function keysOf(shortcut) {
  return shortcut.replace(/\b(Key|Digit)/, '').replace('Pause', 'Break');
}
