// The picture: one frame buffer in memory, shown on a canvas by putting its dirty rectangles.
//
// Painting into plain memory and putting rectangles costs a tenth of letting canvases copy each
// other, and `desynchronized` takes the compositor's tick away from every frame.

import { PeerError } from '../wire/messages.js';

/** @typedef {{x: number, y: number, width: number, height: number}} Rect */

const AREA_LIMIT = 64 * 1024 * 1024; // pixels; an 8K screen has 33 million
const OPAQUE = 0xff000000;

export class Surface {
  constructor() {
    this.canvas = document.createElement('canvas');
    this.canvas.width = this.canvas.height = 1;
    const context = this.canvas.getContext('2d', { alpha: false, desynchronized: true });
    if (!context) throw new Error('this browser has no canvas');
    this.context = context;
    this.width = 0;
    this.height = 0;
    this.image = new ImageData(1, 1);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** Begin a picture of another size, all black.
   * @param {number} width @param {number} height */
  resize(width, height) {
    if (width * height > AREA_LIMIT) throw new PeerError('picture too large');
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer).fill(OPAQUE);
    this.canvas.width = this.width = width;
    this.canvas.height = this.height = height;
  }

  /** @param {Rect} rect @throws {PeerError} if it does not lie within the picture */
  check({ x, y, width, height }) {
    if (x + width > this.width || y + height > this.height) throw new PeerError('outside');
  }

  /** @param {Rect} rect @param {number} colour 0xRRGGBB */
  fill({ x, y, width, height }, colour) {
    const pixel = OPAQUE | ((colour & 0xff) << 16) | (colour & 0xff00) | ((colour >> 16) & 0xff);
    for (let row = y; row < y + height; row++) {
      const start = row * this.width + x;
      this.pixels.fill(pixel, start, start + width);
    }
  }

  /** @param {Rect} rect @param {number} from_x @param {number} from_y */
  copy({ x, y, width, height }, from_x, from_y) {
    const down = y > from_y; // the last row first, so that an overlap is read before it is written
    for (let i = 0; i < height; i++) {
      const row = down ? height - 1 - i : i;
      const from = (from_y + row) * this.width + from_x;
      this.pixels.copyWithin((y + row) * this.width + x, from, from + width);
    }
  }

  /** @param {Rect} rect @param {Uint8Array} planes all reds, all greens, all blues, row by row */
  planes({ x, y, width, height }, planes) {
    const { pixels } = this;
    const area = width * height;
    let red = 0;
    let green = area;
    let blue = 2 * area;
    for (let row = y; row < y + height; row++) {
      let at = row * this.width + x;
      for (const end = at + width; at < end; at++) {
        pixels[at] = OPAQUE | (planes[blue++] << 16) | (planes[green++] << 8) | planes[red++];
      }
    }
  }

  /** @param {Rect} rect @param {Uint32Array} pixels RGBA in memory order */
  rgba({ x, y, width, height }, pixels) {
    for (let row = 0; row < height; row++) {
      this.pixels.set(pixels.subarray(row * width, (row + 1) * width),
        (y + row) * this.width + x);
    }
  }

  /** Bring a rectangle of the buffer onto the canvas. @param {Rect} rect */
  show({ x, y, width, height }) {
    this.context.putImageData(this.image, 0, 0, x, y, width, height);
  }
}
