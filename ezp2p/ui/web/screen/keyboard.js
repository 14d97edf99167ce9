// The counselor's keyboard: physical keys as keys, what an input method commits as text.
//
//   keydown  ordinary             KeyChanged, and the browser types nothing
//            taken by the IME     nothing; its text follows as a composition
//   compositionend                TextTyped of what was committed
//   input    without a key        TextTyped (emoji picker, on-screen keyboard, handwriting)
//
// So each character travels exactly once, whatever the order a browser tells these in.

/** @typedef {import('../wire/messages.js').InputMessage} InputMessage */

const IME_KEY_CODE = 229; // https://www.w3.org/TR/uievents/#determine-keydown-keyup-keyCode
const TEXT_PART = 1000; // code points of one TextTyped
const ALTGR_MS = 30; // Windows tells AltGr as ControlLeft and, at once, AltRight

// What an on-screen keyboard says instead of a key.
/** @type {Record<string, string>} */
const EDITS = {
  insertLineBreak: 'Enter', insertParagraph: 'Enter',
  deleteContentBackward: 'Backspace', deleteContentForward: 'Delete',
};

export class Keyboard {
  /**
   * @param {HTMLTextAreaElement} field unseen, holds the focus and the IME's composition
   * @param {{say: (message: InputMessage) => void, isOurs: (event: KeyboardEvent) => boolean}}
   *   hooks `isOurs`: a hotkey of the viewer itself
   */
  constructor(field, hooks) {
    this.field = field;
    this.hooks = hooks;
    this.locked = true;
    this.isComposing = false;
    /** @type {Set<string>} keys whose going down we sent */
    this.held = new Set();
    /** @type {ReturnType<typeof setTimeout> | null} a ControlLeft that may be half an AltGr */
    this.control = null;
    this.leaving = new AbortController();
    this.on(field, 'keydown', (event) => this.down(/** @type {KeyboardEvent} */ (event)));
    this.on(field, 'keyup', (event) => this.up(/** @type {KeyboardEvent} */ (event)));
    this.on(field, 'compositionstart', () => { this.isComposing = true; });
    this.on(field, 'compositionend', (event) => this.commit(/** @type {CompositionEvent} */ (event)));
    this.on(field, 'input', (event) => this.input(/** @type {InputEvent} */ (event)));
    this.on(field, 'paste', (event) => event.preventDefault());
    this.on(field, 'drop', (event) => event.preventDefault());
    this.on(field, 'blur', () => this.releaseAll());
    this.on(window, 'blur', () => this.releaseAll());
    this.on(document, 'visibilitychange', () => document.hidden && this.releaseAll());
  }

  /** @param {EventTarget} target @param {string} name @param {(event: Event) => void} handler */
  on(target, name, handler) {
    target.addEventListener(name, handler, { signal: this.leaving.signal });
  }

  stop() {
    this.releaseAll();
    this.leaving.abort();
  }

  /** @param {boolean} locked nothing goes out while we only look on */
  lock(locked) {
    if (locked && !this.locked) this.releaseAll();
    this.locked = locked;
  }

  releaseAll() {
    this.dropControl();
    this.held.clear();
    if (!this.locked) this.hooks.say({ type: 'ReleaseAll' });
  }

  /** @param {KeyboardEvent} event */
  down(event) {
    const isTyping = event.isComposing || event.keyCode === IME_KEY_CODE || event.key === 'Process';
    if (isTyping || !event.code || event.key === 'Unidentified') return;
    event.preventDefault();
    if (this.locked || this.hooks.isOurs(event)) return;
    if (event.code === 'AltRight' && event.key === 'AltGraph') this.dropControl();
    this.sendControl();
    if (event.code === 'ControlLeft' && !event.repeat && isWindows()) {
      this.control = setTimeout(() => this.sendControl(), ALTGR_MS);
    } else this.key(event.code, true);
  }

  /** A key whose going down was ours, the IME's or a hotkey's has nothing to release.
   * @param {KeyboardEvent} event */
  up(event) {
    this.sendControl();
    if (this.held.has(event.code)) this.key(event.code, false);
  }

  sendControl() {
    if (this.dropControl()) this.key('ControlLeft', true);
  }

  /** @returns {boolean} whether there was one */
  dropControl() {
    if (this.control === null) return false;
    clearTimeout(this.control);
    this.control = null;
    return true;
  }

  /** @param {string} code @param {boolean} down */
  key(code, down) {
    if (this.locked) return;
    if (down) this.held.add(code);
    else this.held.delete(code);
    this.hooks.say({ type: 'KeyChanged', code, down });
  }

  /** @param {CompositionEvent} event */
  commit(event) {
    this.isComposing = false;
    this.type(event.data);
    this.emptyLater();
  }

  /** @param {InputEvent} event */
  input(event) {
    if (event.isComposing || /composition/i.test(event.inputType)) return;
    if (event.inputType === 'insertText') this.type(event.data ?? '');
    const code = EDITS[event.inputType];
    if (code) {
      this.key(code, true);
      this.key(code, false);
    }
    this.emptyLater();
  }

  /** @param {string} text */
  type(text) {
    if (this.locked) return;
    const points = [...text];
    for (let at = 0; at < points.length; at += TEXT_PART) {
      const part = points.slice(at, at + TEXT_PART).join('');
      this.hooks.say({ type: 'TextTyped', text: part });
    }
  }

  /** Changing the field would end the next syllable's composition, which may have begun. */
  emptyLater() {
    setTimeout(() => {
      if (!this.isComposing) this.field.value = '';
    });
  }
}

function isWindows() {
  return navigator.userAgent.includes('Windows');
}
