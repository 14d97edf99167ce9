// What people read, by key, in their language; {placeholders} are filled in here.

/** @type {Record<string, string>} */
let sentences = {};
let current = '';

/** Fetch a language's sentences; false if there is no such language.
 * @param {string} language @returns {Promise<boolean>} */
export async function loadTexts(language) {
  if (language === current) return true;
  const answer = await fetch(`/locale/${language}.json`);
  if (!answer.ok) return false;
  sentences = await answer.json();
  current = language;
  document.documentElement.lang = language;
  return true;
}

/** @returns {string} the language of the sentences */
export function currentLanguage() {
  return current;
}

/** @param {string} key @returns {boolean} */
export function hasText(key) {
  return key in sentences;
}

/** The sentence for a key, or the key where a later version invented it.
 * @param {string} key @param {Record<string, string | number>} [fields] @returns {string} */
export function t(key, fields = {}) {
  return (sentences[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) =>
    name in fields ? String(fields[name]) : whole);
}
