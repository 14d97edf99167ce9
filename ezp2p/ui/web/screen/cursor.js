// The customer's pointer: its shape is the shape of our own mouse over the picture, and where
// another hand moves it, it is drawn apart.

/** @typedef {import('../wire/messages.js').CursorShape} CursorShape */

const OWN_MS = 400; // so long after our own move, an echo of it is not another hand
const OWN_PIXELS = 3;

export class Cursor {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.ghost = document.createElement('img');
    this.ghost.className = 'ghost-pointer';
    this.ghost.alt = '';
    this.ghost.hidden = true;
    this.hot = { x: 0, y: 0 };
    this.own = { x: -1, y: -1, at: -Infinity };
    this.css = 'default';
    this.isOurs = false;
  }

  /** @param {CursorShape} shape */
  setShape({ hot_x, hot_y, png }) {
    this.hot = { x: hot_x, y: hot_y };
    if (png.length === 0) {
      this.css = 'none';
      this.ghost.hidden = true;
      this.ghost.removeAttribute('src');
    } else {
      const url = `data:image/png;base64,${btoa(String.fromCharCode(...png.subarray(0, 65536)))}`;
      this.css = `url(${url}) ${hot_x} ${hot_y}, default`;
      this.ghost.src = url;
    }
    this.wear();
  }

  /** Whether our mouse moves it: only then does ours look like it. @param {boolean} isOurs */
  setOurs(isOurs) {
    this.isOurs = isOurs;
    this.wear();
  }

  wear() {
    this.canvas.style.cursor = this.isOurs ? this.css : 'default';
  }

  /** Our own hand moved it. @param {number} x @param {number} y in pixels of the picture */
  movedByUs(x, y) {
    this.own = { x, y, at: performance.now() };
    this.ghost.hidden = true;
  }

  /** The customer's side says where it is. @param {number} x @param {number} y */
  moved(x, y) {
    const near = Math.abs(x - this.own.x) <= OWN_PIXELS && Math.abs(y - this.own.y) <= OWN_PIXELS;
    const recent = performance.now() - this.own.at < OWN_MS;
    if (this.isOurs && (near || recent)) return;
    const scale = this.canvas.clientWidth / this.canvas.width || 1;
    this.ghost.style.transform =
      `translate(${x * scale - this.hot.x}px, ${y * scale - this.hot.y}px)`;
    this.ghost.hidden = !this.ghost.hasAttribute('src');
  }
}
