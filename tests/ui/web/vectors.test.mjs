// The pages read and write the golden vectors exactly as Python does (tests/wire/test_vectors.py).

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import * as wire from '../../../ezp2p/ui/web/wire/messages.js';

const FOLDER = new URL('../../vectors/', import.meta.url);

/** @param {any} value A message as the vector files write it, or a part of one. @returns {any} */
function asVector(value) {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(asVector);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, asVector(each)]));
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  const vectors = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
  const name = vectors.channel[0].toUpperCase() + vectors.channel.slice(1);
  /** @type {any} */
  const module = wire;
  const decode = module[`decode${name}`];
  const encode = module[`encode${name}`];

  for (const { story, message, hex } of vectors.same) {
    test(`${name}: ${story} has the same bytes as in Python`, () => {
      const read = decode(Uint8Array.from(Buffer.from(hex, 'hex')));
      assert.deepEqual(asVector(read), message);
      assert.equal(Buffer.from(encode(read)).toString('hex'), hex);
    });
  }
  for (const { story, message, hex } of vectors.longer) {
    test(`${name}: ${story} are ignored`, () => {
      assert.deepEqual(asVector(decode(Uint8Array.from(Buffer.from(hex, 'hex')))), message);
    });
  }
  for (const { story, hex } of vectors.ignored) {
    test(`${name}: ${story} is ignored`, () => {
      assert.equal(decode(Uint8Array.from(Buffer.from(hex, 'hex'))), null);
    });
  }
  for (const { story, hex } of vectors.refused) {
    test(`${name}: ${story} is refused`, () => {
      assert.throws(() => decode(Uint8Array.from(Buffer.from(hex, 'hex'))), wire.PeerError);
    });
  }
}
