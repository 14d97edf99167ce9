// Mouse and keyboard of one viewer, in one ordered queue.

import { Channel, encodeInput } from '../wire/messages.js';
import { Keyboard } from './keyboard.js';
import { Pointer } from './pointer.js';

/** @typedef {import('../wire/messages.js').InputMessage} InputMessage */

export class Hand {
  /**
   * @param {import('./viewer.js').ScreenViewer} viewer
   * @param {HTMLTextAreaElement} field where an IME composes
   * @param {(event: KeyboardEvent) => boolean} isOurs a hotkey of the viewer itself
   */
  constructor(viewer, field, isOurs) {
    this.viewer = viewer;
    this.field = field;
    const say = (/** @type {InputMessage} */ message) =>
      viewer.bridge.say(Channel.INPUT, viewer.session, encodeInput(message));
    this.keyboard = new Keyboard(field, { say, isOurs });
    this.pointer = new Pointer(viewer.surface.canvas, {
      say,
      moved: (x, y) => viewer.cursor.movedByUs(x, y),
      pressed: (event) => this.focusAt(event),
    });
    this.lock(true);
  }

  /** @param {boolean} locked we only look on */
  lock(locked) {
    this.keyboard.lock(locked);
    this.pointer.lock(locked);
    this.viewer.cursor.setOurs(!locked);
  }

  /** The IME's window of candidates opens where the field stands: at the click.
   * @param {MouseEvent} event */
  focusAt(event) {
    const box = this.field.offsetParent?.getBoundingClientRect();
    if (box) {
      this.field.style.left = `${event.clientX - box.left}px`;
      this.field.style.top = `${event.clientY - box.top}px`;
    }
    this.focus();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  stop() {
    this.keyboard.stop();
    this.pointer.stop();
  }
}
