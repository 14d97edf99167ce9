// The tab: connects to the program, keeps what it says, shows the page it names.

import { Bridge } from './core/bridge.js';
import { html, render } from './core/html.js';
import { choice } from './core/look.js';
import { loadTexts, t } from './core/texts.js';
import { CheckupPage } from './pages/checkup.js';
import { CodePage } from './pages/code.js';
import { ConsentPage } from './pages/consent.js';
import { EndedPage } from './pages/ended.js';
import { JoiningPage } from './pages/joining.js';
import { LoginPage } from './pages/login.js';
import { SessionPage } from './pages/session.js';
import { StartPage } from './pages/start.js';
import { ViewerPage } from './pages/viewer.js';
import { keepViewers } from './pages/viewers.js';
import { WaitingPage } from './pages/waiting.js';
import { Toasts } from './panels/toasts.js';

/** @typedef {import('./core/bridge.js').BridgeState} BridgeState */
/** @typedef {import('./core/types.js').BridgeEvent} BridgeEvent */
/** @typedef {import('./core/types.js').Notified} Notified */
/** @typedef {import('./core/types.js').State} State */

const TOAST_MS = 6000;
const KIOSK = 'ezp2p-kiosk';

/** @type {Record<import('./core/types.js').Page, (props: {desk: Desk}) => unknown>} */
const PAGES = {
  start: StartPage, code: CodePage, joining: JoiningPage, consent: ConsentPage,
  session: SessionPage, ended: EndedPage, login: LoginPage, waiting: WaitingPage,
  viewer: ViewerPage, checkup: CheckupPage,
};

/** @typedef {import('./core/look.js').Desk} Desk */

class Tab {
  /** @param {HTMLElement} root @param {boolean} kiosk */
  constructor(root, kiosk) {
    this.root = root;
    this.kiosk = kiosk;
    /** @type {State | null} */
    this.state = null;
    /** @type {BridgeState} */
    this.connection = 'connecting';
    /** @type {Map<string, import('./core/types.js').ChatSaid>} */
    this.chat = new Map();
    /** @type {Map<number, import('./core/types.js').QualityMeasured>} */
    this.quality = new Map();
    /** @type {(Notified & {id: number})[]} */
    this.notes = [];
    this.noteCount = 0;
    this.turn = Promise.resolve();
    this.bridge = new Bridge((event) => this.hear(event), (state) => {
      this.connection = state;
      this.draw();
    });
  }

  /** One after the other: fetching another language must not let a later state pass.
   * @param {BridgeEvent} event */
  hear(event) {
    this.turn = this.turn.then(() => this.take(event));
  }

  /** @param {BridgeEvent} event */
  async take(event) {
    if (event.event === 'state') {
      await loadTexts(event.state.language);
      this.state = event.state;
      keepViewers(event.state.counselor?.sessions ?? []);
      setTheme(choice(event.state, 'theme', 'system'));
    } else if (event.event === 'chat') {
      this.chat.set(`${event.session} ${event.mine} ${event.number}`, event);
    } else if (event.event === 'quality') {
      this.quality.set(event.session, event);
    } else if (event.event === 'notify') this.note(event);
    this.draw();
  }

  /** @param {Notified} event */
  note(event) {
    const note = { ...event, id: this.noteCount++ };
    this.notes = [...this.notes, note];
    setTimeout(() => {
      this.notes = this.notes.filter((each) => each !== note);
      this.draw();
    }, TOAST_MS);
  }

  draw() {
    const { state, connection } = this;
    if (connection === 'used') render(html`<${Message} text=${t('page.used')} />`, this.root);
    else if (!state) render(html`<p class="boot" aria-busy="true"></p>`, this.root);
    else {
      document.title = `${t(`page.${state.page}`)} – ${state.server.company || t('product')}`;
      document.body.className = `page-${state.page}`;
      render(html`
        ${connection === 'lost' && html`<p class="lost" role="alert">${t('page.lost')}</p>`}
        <${PAGES[state.page]} desk=${this.desk(state)} />
        <${Toasts} notes=${this.notes} />`, this.root);
    }
  }

  /** @param {State} state @returns {Desk} */
  desk(state) {
    return {
      state, bridge: this.bridge, kiosk: this.kiosk, isConnected: this.connection === 'open',
      send: (command) => this.bridge.send(command),
      chat: [...this.chat.values()], quality: this.quality,
    };
  }
}

/** @param {{text: string}} props */
function Message({ text }) {
  return html`<main class="boot"><p class="sheet">${text}</p></main>`;
}

/** @param {string} theme */
function setTheme(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Take token and wishes out of the address: `#TOKEN&kiosk=1`. Nothing of it stays to be seen.
 * @returns {string} the token, or '' after a reload */
function takeAddress() {
  const [token, ...wishes] = location.hash.slice(1).split('&');
  if (location.hash) history.replaceState(null, '', location.pathname);
  if (wishes.includes('kiosk=1')) sessionStorage.setItem(KIOSK, '1');
  return token;
}

const root = document.getElementById('app');
if (root) {
  const token = takeAddress();
  const tab = new Tab(root, sessionStorage.getItem(KIOSK) === '1');
  await loadTexts(navigator.language.slice(0, 2)) || await loadTexts('en');
  await tab.bridge.open(token);
}
