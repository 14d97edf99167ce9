// The whole screen for the picture: by our own window where there is one, else by the browser.

import { useEffect, useState } from '../core/html.js';

/** @param {import('../core/look.js').Desk} desk
 * @returns {[boolean, (on: boolean) => void]} */
export function useFullScreen({ state, send }) {
  const [isOn, setOn] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const onChange = () => setOn(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', onChange);
    return () => document.removeEventListener('fullscreenchange', onChange);
  }, []);
  const set = async (/** @type {boolean} */ on) => {
    if (state.window) {
      send({ do: 'full-screen', on });
      setOn(on);
    } else if (on) await document.documentElement.requestFullscreen();
    else await document.exitFullscreen();
  };
  return [isOn, set];
}
