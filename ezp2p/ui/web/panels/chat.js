// What both people wrote, and a line to answer.

import { html, useEffect, useRef, useState } from '../core/html.js';
import { Button } from '../core/parts.js';
import { t } from '../core/texts.js';
import { timeOfDay } from '../core/time.js';

/** @typedef {import('../core/types.js').ChatSaid} ChatSaid */

const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;
const IME_KEY_CODE = 229;
const TEXT_LIMIT = 4000;

/**
 * @param {{lines: ChatSaid[], who: string, isOpen: boolean, onSay: (text: string) => void,
 *   onClose?: () => void}} props
 */
export function Chat({ lines, who, isOpen, onSay, onClose }) {
  const end = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [lines.length]);
  return html`<section class="chat" aria-label=${t('chat.title')}>
    <header class="panel-head">
      <h2>${t('chat.title')}</h2>
      ${onClose && html`<${Button} icon="x" kind="ghost" label=${t('chat.close')} onClick=${onClose} />`}
    </header>
    <div class="chat-lines" role="log" aria-live="polite" tabindex="0" aria-label=${t('chat.lines')}>
      ${lines.length === 0 && html`<p class="empty">${t('chat.empty')}</p>`}
      ${lines.map((line) => html`<${Line} key=${`${line.mine}${line.number}`} line=${line} who=${who} />`)}
      <span ref=${end}></span>
    </div>
    <${Writing} isOpen=${isOpen} onSay=${onSay} />
  </section>`;
}

/** @param {{line: ChatSaid, who: string}} props */
function Line({ line, who }) {
  return html`<div class=${line.mine ? 'chat-line mine' : 'chat-line'}>
    <small>${line.mine ? t('chat.me') : line.who || who} · ${timeOfDay(line.at_ms)}</small>
    <p>${line.text.split(LINK).map((part, i) => (i % 2 === 0 ? part
      : html`<a href=${part} target="_blank" rel="noreferrer noopener">${part}</a>`))}</p>
  </div>`;
}

/** @param {{isOpen: boolean, onSay: (text: string) => void}} props */
function Writing({ isOpen, onSay }) {
  const [text, setText] = useState('');
  const say = () => {
    if (text.trim()) onSay(text.trim());
    setText('');
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    // Enter that ends a Hangul syllable is the IME's, not ours.
    const isTyping = event.isComposing || event.keyCode === IME_KEY_CODE;
    if (event.key !== 'Enter' || event.shiftKey || isTyping) return;
    event.preventDefault();
    say();
  };
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    say();
  };
  return html`<form class="chat-write" onSubmit=${onSubmit}>
    <textarea rows="2" maxlength=${TEXT_LIMIT} aria-label=${t('chat.write')}
      placeholder=${t('chat.write')} value=${text} disabled=${!isOpen} onKeyDown=${onKey}
      onInput=${(/** @type {Event} */ event) =>
    setText(/** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
    <${Button} icon="send" kind="primary" label=${t('chat.send')} submit disabled=${!isOpen} />
  </form>`;
}
