// One line under the picture: which way it comes, how quickly, how much.

import { html } from '../core/html.js';
import { currentLanguage, t } from '../core/texts.js';
import { clockTime, useNow } from '../core/time.js';

/** @typedef {import('../core/types.js').QualityMeasured} QualityMeasured */
/** @typedef {import('../core/types.js').SessionView} SessionView */

/** @param {{session: SessionView, quality: QualityMeasured | undefined}} props */
export function StatusLine({ session, quality }) {
  const now = useNow(1000);
  const path = quality?.path || session.path;
  const why = path.startsWith('relay') ? session.path_why : '';
  const driver = quality?.driver || session.driver;
  return html`<footer class="statusline">
    <span class=${`path ${path.startsWith('relay') ? 'relayed' : 'direct'}`}>
      ${path ? t(`path.${path}`) : t('path.unknown')}</span>
    ${why && html`<span class="why" title=${t(`path.why.${why}`)}>${t(`path.why.${why}`)}</span>`}
    ${quality && html`
      <span>${t('quality.round-trip', { ms: number(quality.round_trip_ms) })}</span>
      <span>${t('quality.frames', { n: number(quality.frames_per_s) })}</span>
      <span>${bitRate(quality.rate_bps)}</span>`}
    <span class="push">${t(`driver.${driver}`)}</span>
    ${session.view_only && html`<span>${t('viewer.view-only')}</span>`}
    ${session.since_ms > 0 && html`<span class="time">${clockTime(now - session.since_ms)}</span>`}
  </footer>`;
}

/** @param {number} value @param {number} [digits] */
function number(value, digits = 0) {
  return new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: digits }).format(value);
}

/** @param {number} bits_per_s */
function bitRate(bits_per_s) {
  return bits_per_s < 1e6 ? t('quality.kbit', { n: number(bits_per_s / 1e3) })
    : t('quality.mbit', { n: number(bits_per_s / 1e6, 1) });
}
