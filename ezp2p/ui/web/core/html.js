// Elements: htm's template literals make Preact's nodes. Everything else imports them from here.

import htm from '../vendor/htm/htm.mjs';
import { h } from '../vendor/preact/preact.mjs';

export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact/hooks.mjs';
export { render } from '../vendor/preact/preact.mjs';

/** @typedef {import('../vendor/preact/preact.mjs').VNode} VNode */
/** @typedef {import('../vendor/preact/preact.mjs').Child} Child */

export const html = htm.bind(/** @type {(type: unknown, props: object | null) => VNode} */ (h));
