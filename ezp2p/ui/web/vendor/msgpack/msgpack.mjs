// Ours: what we use of @msgpack/msgpack, without its asynchronous half.
export { decode } from "./decode.mjs";
export { encode } from "./encode.mjs";
