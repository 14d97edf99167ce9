// One ScreenViewer for each session, for as long as the session stands in the tabs.

import { useEffect, useState } from '../core/html.js';
import { ScreenViewer } from '../screen/viewer.js';

/** @typedef {import('../core/types.js').SessionView} SessionView */

/** @type {Map<number, ScreenViewer>} */
const viewers = new Map();

/**
 * The session's viewer; the component is drawn again when its size or state changes.
 * @param {import('../core/look.js').Desk} desk @param {SessionView} session
 * @returns {ScreenViewer}
 */
export function useViewer(desk, session) {
  const [, redraw] = useState(0);
  const viewer = viewers.get(session.session)
    ?? new ScreenViewer(desk.bridge, session.session, () => {});
  viewers.set(session.session, viewer);
  // Said before the customer has answered, the picture comes with the answer.
  const isOpen = ['asking', 'live', 'broken'].includes(session.state);
  useEffect(() => {
    viewer.onChange = () => redraw((count) => count + 1);
    return () => { viewer.onChange = () => {}; };
  }, [viewer]);
  useEffect(() => {
    if (isOpen && desk.isConnected) viewer.start();
  }, [viewer, isOpen, desk.isConnected]);
  return viewer;
}

/** Forget the viewers of sessions that no longer stand in the tabs.
 * @param {SessionView[]} sessions */
export function keepViewers(sessions) {
  for (const [number, viewer] of viewers) {
    if (!sessions.some((each) => each.session === number)) {
      viewer.stop();
      viewers.delete(number);
    }
  }
}
