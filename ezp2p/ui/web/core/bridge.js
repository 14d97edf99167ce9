// The tab's one WebSocket to the program. The address' token works once: it is exchanged for a
// secret that this tab keeps, so that reloading works and the address in a history is worthless.

/** @typedef {import('./types.js').BridgeEvent} BridgeEvent */
/** @typedef {import('./types.js').Command} Command */
/** @typedef {import('../wire/messages.js').Channel} Channel */
/** @typedef {(data: Uint8Array) => void} Listener */

const SECRET = 'ezp2p-secret';
const SUBPROTOCOL = 'ezp2p';
const RETRY_MS = 1000;

/** @typedef {'connecting'|'open'|'lost'|'used'} BridgeState 'used': the address worked before */

export class Bridge {
  /**
   * @param {(event: BridgeEvent) => void} onEvent
   * @param {(state: BridgeState) => void} onState
   */
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<number, Listener>} */
    this.listeners = new Map();
  }

  /** Enter with the token of the address, if it has one, and connect.
   * @param {string} token */
  async open(token) {
    this.onState('connecting');
    if (token) await this.enter(token);
    if (sessionStorage.getItem(SECRET)) this.connect();
    else this.onState('used');
  }

  /** @param {string} token */
  async enter(token) {
    const answer = await fetch('/enter', { method: 'POST', body: JSON.stringify({ token }) });
    if (answer.ok) sessionStorage.setItem(SECRET, (await answer.json()).secret);
  }

  connect() {
    const secret = sessionStorage.getItem(SECRET) ?? '';
    const socket = new WebSocket(`ws://${location.host}/bridge`, [SUBPROTOCOL, secret]);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.onState('open');
    socket.onmessage = (message) => this.take(message.data);
    socket.onclose = () => {
      this.onState('lost');
      setTimeout(() => this.connect(), RETRY_MS);
    };
    this.socket = socket;
  }

  /** @param {string | ArrayBuffer} data */
  take(data) {
    if (typeof data === 'string') {
      this.onEvent(JSON.parse(data));
      return;
    }
    const frame = new Uint8Array(data);
    this.listeners.get(frame[0] * 256 + frame[1])?.(frame.subarray(2));
  }

  /** Hear the messages of a session's channel. One listener each; null stops it.
   * @param {Channel} channel @param {number} session @param {Listener | null} listener */
  listen(channel, session, listener) {
    if (listener) this.listeners.set(channel * 256 + session, listener);
    else this.listeners.delete(channel * 256 + session);
  }

  /** @param {Command} command */
  send(command) {
    if (this.isOpen) this.socket?.send(JSON.stringify(command));
  }

  /** @param {Channel} channel @param {number} session @param {Uint8Array} data */
  say(channel, session, data) {
    if (!this.isOpen) return;
    const frame = new Uint8Array(2 + data.length);
    frame[0] = channel;
    frame[1] = session;
    frame.set(data, 2);
    this.socket?.send(frame);
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }
}
