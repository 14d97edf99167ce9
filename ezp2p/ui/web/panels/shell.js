// What stands around every page but the viewer: whose it is, language, look, about.

import { html, useState } from '../core/html.js';
import { choice } from '../core/look.js';
import { Button, Dialog } from '../core/parts.js';
import { t } from '../core/texts.js';

/** @typedef {import('../core/html.js').Child} Child */
/** @typedef {import('../core/look.js').Desk} Desk */

const THEMES = /** @type {const} */ (['system', 'light', 'dark']);
// A page that a session needs is not left for anything else.
const BUSY = new Set(['joining', 'consent', 'session', 'viewer', 'checkup']);
/** @type {Record<string, string>} */
const THEME_ICONS = { system: 'sun-moon', light: 'sun', dark: 'moon' };

/**
 * @param {{desk: Desk, width?: 'narrow' | 'wide', tools?: Child, back?: () => void,
 *   children?: Child}} props
 */
export function Shell({ desk, width = 'narrow', tools, back, children }) {
  return html`<div class=${`shell ${width}`}>
    <header class="top">
      ${back && html`<${Button} icon="arrow-left" kind="ghost" label=${t('back')} onClick=${back} />`}
      <p class="brand"><img src="icon.svg" alt="" width="28" height="28" />
        <span>${desk.state.server.company || t('product')}</span></p>
      <div class="top-tools">${tools}<${Preferences} desk=${desk} /></div>
    </header>
    <main>${children}</main>
  </div>`;
}

/** @param {{desk: Desk}} props */
function Preferences({ desk: { state, send } }) {
  const [isAbout, setAbout] = useState(false);
  const theme = choice(state, 'theme', 'system');
  const next = THEMES[(THEMES.findIndex((each) => each === theme) + 1) % THEMES.length];
  const onLanguage = (/** @type {Event} */ event) => send({
    do: 'setting', name: 'language', value: /** @type {HTMLSelectElement} */ (event.target).value,
  });
  return html`
    <select class="language" aria-label=${t('language')} value=${state.language} onChange=${onLanguage}>
      ${state.languages.map((language) => html`<option key=${language} value=${language}
        lang=${language} selected=${language === state.language}>${nameOf(language)}</option>`)}
    </select>
    <${Button} icon=${THEME_ICONS[theme] ?? 'sun-moon'} kind="ghost"
      label=${t(`theme.${theme}`)} onClick=${() => send({ do: 'setting', name: 'theme', value: next })} />
    <${Button} icon="info" kind="ghost" label=${t('about')} onClick=${() => setAbout(true)} />
    ${isAbout && html`<${About} version=${state.version} onClose=${() => setAbout(false)}
      onCheck=${BUSY.has(state.page) ? undefined : () => {
    setAbout(false);
    send({ do: 'go-to', page: 'checkup' });
  }} />`}`;
}

/** @param {{version: string, onClose: () => void, onCheck?: () => void}} props */
function About({ version, onClose, onCheck }) {
  return html`<${Dialog} title=${t('about')} onClose=${onClose}>
    <p><strong>ezp2p ${version}</strong></p>
    <p>${t('about.what')}</p>
    <p>${t('about.licence')}</p>
    ${onCheck && html`<${Button} icon="stethoscope" onClick=${onCheck}>${t('doctor.open')}<//>`}
  <//>`;
}

/** A language's own name for itself. @param {string} language */
function nameOf(language) {
  return new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
}
