// Times as people read them, and a component's own second hand.

import { useEffect, useState } from './html.js';
import { currentLanguage } from './texts.js';

/** The time now in ms since 1970, anew `every` milliseconds while the component shows.
 * @param {number} [every] @returns {number} */
export function useNow(every = 250) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** @param {number} milliseconds @returns {string} m:ss, or h:mm:ss from an hour on */
export function clockTime(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** @param {number} until_ms @param {number} now @returns {number} whole seconds left, 0 at least */
export function secondsLeft(until_ms, now) {
  return Math.max(0, Math.ceil((until_ms - now) / 1000));
}

/** @param {number} at_ms @returns {string} the time of day in the language's order */
export function timeOfDay(at_ms) {
  return new Intl.DateTimeFormat(currentLanguage(), { hour: 'numeric', minute: '2-digit' })
    .format(at_ms);
}
