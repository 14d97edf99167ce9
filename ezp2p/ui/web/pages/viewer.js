// The counselor's work place: a tab for each session, the picture, the bar, the chat.

import { hotkeyAction } from '../core/actions.js';
import { html, useEffect, useLayoutEffect, useState } from '../core/html.js';
import { choice, flag } from '../core/look.js';
import { Button, Icon } from '../core/parts.js';
import { t } from '../core/texts.js';
import { Chat } from '../panels/chat.js';
import { StatusLine } from '../panels/statusline.js';
import { Toolbar } from '../panels/toolbar.js';
import { useFullScreen } from './fullscreen.js';
import { Stage } from './stage.js';
import { useViewer } from './viewers.js';

/** @typedef {import('../core/actions.js').Seat} Seat */
/** @typedef {import('../core/actions.js').Zoom} Zoom */
/** @typedef {import('../core/look.js').Desk} Desk */
/** @typedef {import('../core/types.js').SessionView} SessionView */

/** @param {{desk: Desk}} props */
export function ViewerPage({ desk }) {
  const sessions = desk.state.counselor?.sessions ?? [];
  const [chosen, choose] = useState(0);
  const newest = sessions.at(-1)?.session ?? 0;
  useEffect(() => choose(newest), [newest]); // a session that starts comes to the front
  const session = sessions.find((each) => each.session === chosen) ?? sessions.at(-1);
  return html`<div class=${desk.kiosk ? 'viewer kiosk' : 'viewer'}>
    ${!desk.kiosk && html`<${Tabs} desk=${desk} sessions=${sessions} chosen=${session}
      onChoose=${choose} />`}
    ${session ? html`<${Place} key=${session.session} desk=${desk} session=${session} />`
    : html`<main class="stage"><p class="veil">${t('viewer.none')}</p></main>`}
  </div>`;
}

/**
 * @param {{desk: Desk, sessions: SessionView[], chosen: SessionView | undefined,
 *   onChoose: (session: number) => void}} props
 */
function Tabs({ desk: { send }, sessions, chosen, onChoose }) {
  return html`<nav class="tabs" aria-label=${t('viewer.tabs')}>
    <${Button} icon="arrow-left" kind="ghost" onClick=${() => send({ do: 'go-to', page: 'waiting' })}>
      ${t('viewer.waiting')}<//>
    ${sessions.map((each) => html`<span key=${each.session}
      class=${`tab ${each.state} ${each === chosen ? 'chosen' : ''}`}>
      <button type="button" aria-current=${each === chosen ? 'page' : undefined}
        onClick=${() => onChoose(each.session)}>
        <span class="dot" aria-hidden="true"></span>${each.customer || t('slot.title', { n: each.slot })}
        <span class="state">${t(`state.${each.state}`)}</span></button>
      ${each.state === 'ended' && html`<${Button} icon="x" kind="ghost" label=${t('viewer.close-tab')}
        onClick=${() => send({ do: 'close-tab', session: each.session })} />`}
    </span>`)}
  </nav>`;
}

/** @param {{desk: Desk, session: SessionView}} props */
function Place({ desk, session }) {
  const { state, send } = desk;
  const viewer = useViewer(desk, session);
  const [isFullScreen, setFullScreen] = useFullScreen(desk);
  const [isChatOpen, setChatOpen] = useState(false);
  const lines = desk.chat.filter((line) => line.session === session.session);
  const unread = useUnread(lines.filter((line) => !line.mine).length, isChatOpen);
  const isBarHidden = flag(state, 'hide-bar', false);
  /** @type {Seat} */
  const seat = {
    session, send, viewer, isFullScreen, setFullScreen, isBarHidden, isChatOpen, setChatOpen,
    hasHotkeys: flag(state, 'hotkeys', true),
    zoom: /** @type {Zoom} */ (desk.kiosk ? '100' : choice(state, 'zoom', 'fit')),
  };
  useHotkeys(seat);
  const isOpen = session.state === 'live' || session.state === 'broken';
  return html`
    ${!desk.kiosk && (isBarHidden ? html`<${ShowBar} send=${send} />`
    : html`<${Toolbar} seat=${seat} unread=${unread} />`)}
    <main class="place">
      <${Stage} viewer=${viewer} session=${session} zoom=${seat.zoom}
        isOurs=${(/** @type {KeyboardEvent} */ event) => hotkeyAction(seat, event) !== undefined} />
      ${isChatOpen && !desk.kiosk && html`<aside class="side">
        <${Chat} lines=${lines} isOpen=${isOpen} who=${session.customer} onClose=${() => setChatOpen(false)}
          onSay=${(/** @type {string} */ text) => send({ do: 'say', session: session.session, text })} />
      </aside>`}
    </main>
    ${!desk.kiosk && html`<${StatusLine} session=${session}
      quality=${desk.quality.get(session.session)} />`}`;
}

/** @param {{send: Desk['send']}} props */
function ShowBar({ send }) {
  return html`<button type="button" class="show-bar" aria-label=${t('viewer.show-bar')}
    title=${t('viewer.show-bar')}
    onClick=${() => send({ do: 'setting', name: 'hide-bar', value: false })}>
    <${Icon} name="chevron-down" size=${18} /></button>`;
}

/** The viewer's own shortcuts, before the picture's keyboard hears of them.
 * @param {Seat} seat */
function useHotkeys(seat) {
  // Before the page is painted: the next key must find what the last one has changed.
  useLayoutEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      const action = hotkeyAction(seat, event);
      if (!action) return;
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) action.run(seat);
    };
    addEventListener('keydown', onKey, true);
    return () => removeEventListener('keydown', onKey, true);
  });
}

/** @param {number} count lines the customer wrote @param {boolean} isOpen @returns {number} */
function useUnread(count, isOpen) {
  const [seen, setSeen] = useState(count);
  useEffect(() => {
    if (isOpen) setSeen(count);
  }, [isOpen, count]);
  return isOpen ? 0 : count - seen;
}
