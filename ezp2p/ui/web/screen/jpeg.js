// Photos: the browser's own JPEG decoder, asked for plain pixels.

import { PeerError } from '../wire/messages.js';

/** Decode a JPEG of exactly this size.
 * @param {Uint8Array} data @param {number} width @param {number} height
 * @returns {Promise<Uint32Array>} RGBA in memory order
 * @throws {PeerError} before anything is allocated if the picture has another size */
export async function decodeJpeg(data, width, height) {
  const size = jpegSize(data);
  if (!size || size.width !== width || size.height !== height) throw new PeerError('JPEG size');
  try {
    const bitmap = await createImageBitmap(new Blob([/** @type {BlobPart} */ (data)]), {
      colorSpaceConversion: 'none',
    });
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    context?.drawImage(bitmap, 0, 0);
    bitmap.close();
    const image = context?.getImageData(0, 0, width, height);
    return new Uint32Array(image?.data.buffer ?? new ArrayBuffer(4 * width * height));
  } catch (error) {
    throw new PeerError(`not a JPEG: ${error}`);
  }
}

/** Read the size from the start-of-frame segment (ITU T.81, B.2.2).
 * @param {Uint8Array} data @returns {{width: number, height: number} | null} */
export function jpegSize(data) {
  if (data[0] !== 0xff || data[1] !== 0xd8) return null;
  const word = (/** @type {number} */ at) => data[at] * 256 + data[at + 1];
  for (let at = 2; at + 9 < data.length && data[at] === 0xff; at += 2 + word(at + 2)) {
    const marker = data[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: word(at + 5), width: word(at + 7) };
  }
  return null;
}
