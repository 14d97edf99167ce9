// Ours: the types of what we use of @msgpack/msgpack.
export function decode(data: Uint8Array): unknown;
export function encode(value: unknown): Uint8Array;
