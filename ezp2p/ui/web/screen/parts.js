// How each part of a frame is painted: one row a kind. Adding a codec is adding a row.

import { ZSTDDecoder } from '../vendor/zstddec/zstddec.mjs';
import { PeerError, ScreenCodec } from '../wire/messages.js';
import { decodeJpeg } from './jpeg.js';

/** @typedef {import('../wire/messages.js').Part} Part */
/** @typedef {import('./surface.js').Surface} Surface */
/** @typedef {(surface: Surface) => void} Paint */

const zstd = new ZSTDDecoder();
const isReady = zstd.init(); // while the counselor waits, not when the customer has come

/** What this viewer can read; known once the zstd decoder is there.
 * @returns {Promise<string[]>} */
export async function readyCodecs() {
  await isReady;
  return [ScreenCodec.LOSSLESS, ScreenCodec.JPEG];
}

/**
 * Turn a part into what paints it. A JPEG takes a moment and gives a promise; everything else
 * is painted in the same turn.
 * @param {Part} part @returns {Paint | Promise<Paint>}
 * @throws {PeerError} for data that does not fit its rectangle
 */
export function paintOf(part) {
  switch (part.type) {
    case 'Fill': return (surface) => surface.fill(part, part.colour);
    case 'Copy': return (surface) => {
      surface.check({ ...part, x: part.from_x, y: part.from_y });
      surface.copy(part, part.from_x, part.from_y);
    };
    case 'Lossless': return (surface) => surface.planes(part, inflate(part));
    case 'Jpeg': return decodeJpeg(part.data, part.width, part.height)
      .then((pixels) => (surface) => surface.rgba(part, pixels));
    default: throw new PeerError('unknown part');
  }
}

/** @param {import('../wire/messages.js').Lossless} part @returns {Uint8Array} */
function inflate({ width, height, data }) {
  const planes = zstd.decode(data, 3 * width * height);
  if (planes.length !== 3 * width * height) throw new PeerError('pixels do not fit');
  return planes;
}
