// The counselor's hand on the picture: moves, five buttons, both wheels.

/** @typedef {import('../wire/messages.js').InputMessage} InputMessage */
/** @typedef {import('../wire/messages.js').MouseButton} MouseButton */

// Bits of MouseEvent.buttons and the button each stands for.
const BUTTONS = /** @type {const} */ ([[1, 0], [2, 2], [4, 1], [8, 3], [16, 4]]);
const NOTCH = 120;
const LINE_UNITS = 40; // three lines a notch
const WHEEL_LIMIT = 32767;

export class Pointer {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{say: (message: InputMessage) => void, moved: (x: number, y: number) => void,
   *   pressed: (event: PointerEvent) => void}} hooks
   */
  constructor(canvas, hooks) {
    this.canvas = canvas;
    this.hooks = hooks;
    this.locked = true;
    this.held = 0;
    this.right = 0;
    this.down = 0;
    this.leaving = new AbortController();
    this.on('pointermove', (event) => this.move(/** @type {PointerEvent} */ (event)));
    this.on('pointerdown', (event) => this.press(/** @type {PointerEvent} */ (event)));
    this.on('pointerup', (event) => this.move(/** @type {PointerEvent} */ (event)));
    this.on('pointercancel', () => this.release());
    this.on('wheel', (event) => this.wheel(/** @type {WheelEvent} */ (event)));
    // The browser's own meanings of buttons: menu, paste, scroll, go back, drag the picture.
    // (Preventing pointerdown would keep back the mouse events, whose default is to go back.)
    for (const name of ['contextmenu', 'auxclick', 'mousedown', 'mouseup', 'dragstart']) {
      this.on(name, (event) => event.preventDefault());
    }
  }

  /** @param {string} name @param {(event: Event) => void} handler */
  on(name, handler) {
    this.canvas.addEventListener(name, handler, {
      passive: false, signal: this.leaving.signal,
    });
  }

  stop() {
    this.leaving.abort();
  }

  /** @param {boolean} locked nothing goes out while we only look on */
  lock(locked) {
    if (locked) this.release();
    this.locked = locked;
  }

  /** Browsers hand out at most one move a displayed frame, so each is sent as it comes.
   * @param {PointerEvent} event */
  move(event) {
    if (this.locked) return;
    const { x, y } = this.place(event);
    this.hooks.moved(x, y);
    if (event.type === 'pointermove') this.hooks.say({ type: 'PointerMoved', x, y });
    this.changeButtons(event.buttons, x, y);
  }

  /** @param {PointerEvent} event */
  press(event) {
    this.hooks.pressed(event);
    if (this.locked) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.move(event);
  }

  /** A second button pressed during a drag comes as a move: what counts is what is held.
   * @param {number} held @param {number} x @param {number} y */
  changeButtons(held, x, y) {
    for (const [bit, button] of BUTTONS) {
      if ((held ^ this.held) & bit) {
        this.hooks.say({ type: 'ButtonChanged', x, y, button, down: (held & bit) !== 0 });
      }
    }
    this.held = held;
  }

  release() {
    if (this.held && !this.locked) this.hooks.say({ type: 'ReleaseAll' });
    this.held = 0;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    if (this.locked) return;
    const [right, down] = wheelUnits(event);
    this.right += right;
    this.down += down;
    const whole = { right: clamp(Math.trunc(this.right)), down: clamp(Math.trunc(this.down)) };
    this.right -= Math.trunc(this.right);
    this.down -= Math.trunc(this.down);
    if (whole.right || whole.down) {
      this.hooks.say({ type: 'WheelTurned', ...this.place(event), ...whole });
    }
  }

  /** @param {MouseEvent} event @returns {{x: number, y: number}} pixels of the picture */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.canvas;
    const within = (/** @type {number} */ share, /** @type {number} */ size) =>
      Math.min(size - 1, Math.max(0, Math.floor(share * size)));
    return {
      x: within((event.clientX - box.left) / box.width, width),
      y: within((event.clientY - box.top) / box.height, height),
    };
  }
}

/** In 1/120 of a notch, right and down.
 * @param {WheelEvent} event @returns {[number, number]} */
function wheelUnits(event) {
  // Chromium and Safari still tell the notches themselves (wheelDelta, up and left positive).
  const { wheelDeltaX, wheelDeltaY } =
    /** @type {WheelEvent & {wheelDeltaX?: number, wheelDeltaY?: number}} */ (event);
  if (wheelDeltaX !== undefined && wheelDeltaY !== undefined) return [-wheelDeltaX, -wheelDeltaY];
  const unit = [NOTCH / 100, LINE_UNITS, 3 * NOTCH][event.deltaMode] ?? 1;
  return [event.deltaX * unit, event.deltaY * unit];
}

/** @param {number} units */
function clamp(units) {
  return Math.max(-WHEEL_LIMIT, Math.min(WHEEL_LIMIT, units));
}
