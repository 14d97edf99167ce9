// The picture's place: the canvas at its zoom, the hand on it, and what to say while there is
// no picture.

import { html, useEffect, useLayoutEffect, useRef, useState } from '../core/html.js';
import { Icon, Waiting } from '../core/parts.js';
import { t } from '../core/texts.js';
import { clockTime, useNow } from '../core/time.js';
import { Hand } from '../screen/hand.js';

/** @typedef {import('../core/actions.js').Zoom} Zoom */
/** @typedef {import('../core/types.js').SessionView} SessionView */
/** @typedef {import('../screen/viewer.js').ScreenViewer} ScreenViewer */

/**
 * @param {{viewer: ScreenViewer, session: SessionView, zoom: Zoom,
 *   isOurs: (event: KeyboardEvent) => boolean}} props
 */
export function Stage({ viewer, session, zoom, isOurs }) {
  const stage = useRef(/** @type {HTMLElement | null} */ (null));
  const board = useRef(/** @type {HTMLElement | null} */ (null));
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const hand = useRef(/** @type {Hand | null} */ (null));
  const ours = useRef(isOurs);
  ours.current = isOurs;
  const isLocked = session.view_only || session.state !== 'live'
    || !session.granted.includes('control') || !viewer.hasPicture;
  useLayoutEffect(() => {
    if (!board.current || !field.current) return undefined;
    board.current.prepend(viewer.surface.canvas, viewer.cursor.ghost);
    const made = new Hand(viewer, field.current, (event) => ours.current(event));
    hand.current = made;
    return () => made.stop();
  }, [viewer]);
  // In the same turn as the change shows: no key may slip through in between.
  useLayoutEffect(() => {
    hand.current?.lock(isLocked);
    if (!isLocked) hand.current?.focus();
  }, [viewer, isLocked]);
  useZoom(stage, viewer, zoom);
  return html`<div class=${`stage ${session.state}`} ref=${stage}>
    <div class="board" ref=${board} hidden=${!viewer.hasPicture}>
      <textarea class="hand" ref=${field} aria-label=${t('viewer.keyboard')} autocomplete="off"
        autocapitalize="off" spellcheck=${false} tabindex=${isLocked ? -1 : 0}></textarea>
    </div>
    <${Veil} session=${session} viewer=${viewer} />
  </div>`;
}

/** @param {{session: SessionView, viewer: ScreenViewer}} props */
function Veil({ session, viewer }) {
  const now = useNow(1000);
  if (session.state === 'connecting') return html`<div class="veil"><${Waiting} text=${t('viewer.connecting')} /></div>`;
  if (session.state === 'asking') {
    return html`<div class="veil"><div>
      <${Waiting} text=${t('viewer.asking')} />
      ${session.words.length > 0 && html`<p class="next">${t('viewer.words', { words: session.words.join(' · ') })}</p>`}
    </div></div>`;
  }
  if (session.state === 'broken') {
    return html`<div class="veil dim" role="alert"><p><${Icon} name="wifi-off" size=${28} />
      ${t('link.reconnecting')} <span class="left" aria-hidden="true">${t('link.left', { time: clockTime(session.gives_up_ms - now) })}</span></p></div>`;
  }
  if (session.state === 'ended') {
    const why = session.problem ? t(session.problem.key, session.problem.fields)
      : t(`end.${session.end_reason || 'counselor-ended'}`);
    return html`<div class="veil dim" role="status"><p><${Icon} name="phone-off" size=${28} />${why}</p></div>`;
  }
  if (!session.granted.includes('view')) return html`<div class="veil"><p>${t('viewer.no-view')}</p></div>`;
  if (viewer.hasPicture) return null;
  return html`<div class="veil">${viewer.problem
    ? html`<p role="alert"><${Icon} name="monitor-x" size=${28} />${t(viewer.problem)}</p>`
    : html`<${Waiting} text=${t('viewer.picture')} />`}</div>`;
}

/** At 100 % a pixel of the picture is a pixel of this screen, whatever the page's scale.
 * @param {import('../vendor/preact/preact.mjs').Ref<HTMLElement | null>} stage
 * @param {ScreenViewer} viewer @param {Zoom} zoom */
function useZoom(stage, viewer, zoom) {
  const [, measure] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(() => measure((count) => count + 1));
    if (stage.current) watch.observe(stage.current);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    const { canvas, width, height } = viewer.surface;
    if (!stage.current || !width) return;
    const { clientWidth, clientHeight } = stage.current;
    const scale = zoom === 'fit' ? Math.min(clientWidth / width, clientHeight / height)
      : Number(zoom) / 100 / devicePixelRatio;
    canvas.style.width = `${width * scale}px`;
    canvas.style.height = `${height * scale}px`;
    canvas.classList.toggle('crisp', zoom === '100');
  });
}
