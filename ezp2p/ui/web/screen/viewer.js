// The customer's screen in a canvas, frame by frame as it comes.
//
//   bridge --frame--> parts --> surface --> canvas, then FrameShown goes back at once
//
// Nothing here waits for an animation frame and nothing tells the page about single frames. A
// frame with a photo in it waits for the photo, and later ones wait behind it; all others are on
// the canvas before the next message is looked at.

import { Channel, PeerError, decodeCursor, decodeScreen, encodeScreen } from '../wire/messages.js';
import { Cursor } from './cursor.js';
import { paintOf, readyCodecs } from './parts.js';
import { Surface } from './surface.js';

/** @typedef {import('../core/bridge.js').Bridge} Bridge */
/** @typedef {import('../wire/messages.js').Frame} Frame */
/** @typedef {import('../wire/messages.js').ScreenMessage} ScreenMessage */
/** @typedef {import('./parts.js').Paint} Paint */

export class ScreenViewer {
  /**
   * @param {Bridge} bridge
   * @param {number} session
   * @param {() => void} onChange the size, or whether there is a picture, changed
   */
  constructor(bridge, session, onChange) {
    this.bridge = bridge;
    this.session = session;
    this.onChange = onChange;
    this.surface = new Surface();
    this.cursor = new Cursor(this.surface.canvas);
    /** @type {ScreenMessage[]} messages behind a frame that waits for a photo */
    this.behind = [];
    this.isWaiting = false;
    this.hasPicture = false;
    /** @type {string} why there is no picture: a text key */
    this.problem = '';
  }

  /** Ask for the picture; again after the bridge was away. */
  async start() {
    const codecs = await readyCodecs();
    this.bridge.listen(Channel.SCREEN, this.session, (data) => this.take(data));
    this.bridge.listen(Channel.CURSOR, this.session, (data) => this.takeCursor(data));
    this.say({ type: 'ShowScreen', codecs });
  }

  stop() {
    this.bridge.listen(Channel.SCREEN, this.session, null);
    this.bridge.listen(Channel.CURSOR, this.session, null);
  }

  refresh() {
    this.say({ type: 'RefreshScreen' });
  }

  /** @param {import('../wire/messages.js').ScreenDriver} driver */
  useDriver(driver) {
    this.say({ type: 'UseDriver', driver });
  }

  /** @param {ScreenMessage} message */
  say(message) {
    this.bridge.say(Channel.SCREEN, this.session, encodeScreen(message));
  }

  /** @param {Uint8Array} data */
  take(data) {
    this.guard(() => {
      const message = decodeScreen(data);
      if (!message) return;
      if (this.isWaiting) this.behind.push(message);
      else this.apply(message);
    });
  }

  /** @param {Uint8Array} data */
  takeCursor(data) {
    this.guard(() => {
      const message = decodeCursor(data);
      if (message?.type === 'CursorShape') this.cursor.setShape(message);
      if (message?.type === 'CursorMoved') this.cursor.moved(message.x, message.y);
    });
  }

  /** @param {ScreenMessage} message */
  apply(message) {
    if (message.type === 'Frame') this.applyFrame(message);
    if (message.type === 'ScreenLayout') {
      this.surface.resize(message.width, message.height);
      this.setPicture(true, '');
    }
    if (message.type === 'ScreenUnavailable') this.setPicture(false, message.key);
  }

  /** @param {Frame} frame */
  applyFrame(frame) {
    const began = performance.now();
    for (const part of frame.parts) this.surface.check(part);
    const paints = frame.parts.map(paintOf);
    const photos = paints.some((paint) => paint instanceof Promise);
    if (photos) this.applyLater(frame, paints, began);
    else this.paint(frame, /** @type {Paint[]} */ (paints), began);
  }

  /** @param {Frame} frame @param {(Paint | Promise<Paint>)[]} paints @param {number} began */
  async applyLater(frame, paints, began) {
    this.isWaiting = true;
    try {
      const ready = await Promise.all(paints);
      this.guard(() => this.paint(frame, ready, began));
    } catch (error) {
      this.guard(() => { throw error; });
    }
    this.isWaiting = false;
    while (this.behind.length > 0 && !this.isWaiting) {
      const next = /** @type {ScreenMessage} */ (this.behind.shift());
      this.guard(() => this.apply(next));
    }
  }

  /** @param {Frame} frame @param {Paint[]} paints @param {number} began */
  paint(frame, paints, began) {
    for (const paint of paints) paint(this.surface);
    const decoded = performance.now();
    for (const part of frame.parts) this.surface.show(part);
    const shown = performance.now();
    this.say({
      type: 'FrameShown', number: frame.number,
      decode_ms: decoded - began, paint_ms: shown - decoded,
    });
  }

  /** @param {boolean} hasPicture @param {string} problem */
  setPicture(hasPicture, problem) {
    this.hasPicture = hasPicture;
    this.problem = problem;
    this.onChange();
  }

  /** Run what depends on the other side's data; the session ends if that breaks the rules.
   * @param {() => void} step */
  guard(step) {
    try {
      step();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.stop();
      this.setPicture(false, 'peer.protocol');
      this.bridge.send({ do: 'end-session', session: this.session });
    }
  }
}
