// The access code as a person types it: nine digits, the last one (Damm's) catches a slip of the
// finger before a try is spent. ezp2p/wire/code.py is the same in Python.

export const CODE_DIGITS = 9;
export const GROUP_DIGITS = 3;

const DAMM = [
  [0, 3, 1, 7, 5, 9, 8, 6, 4, 2], [7, 0, 9, 2, 1, 5, 4, 8, 6, 3], [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
  [1, 7, 5, 0, 9, 8, 3, 4, 2, 6], [6, 1, 2, 3, 0, 4, 5, 9, 7, 8], [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
  [5, 8, 6, 9, 7, 2, 0, 1, 3, 4], [8, 9, 4, 5, 3, 6, 2, 0, 1, 7], [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
  [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/** @param {string} text @returns {string} only its digits, full-width ones too */
export function digitsOf(text) {
  return text.normalize('NFKC').replace(/\D/g, '');
}

/** Whether nine digits end with their own check digit.
 * @param {string} digits @returns {boolean} */
export function isCode(digits) {
  return /^\d{9}$/.test(digits) && [...digits].reduce((row, d) => DAMM[row][Number(d)], 0) === 0;
}

/** Whether a pasted text is an invitation's link rather than a code.
 * @param {string} text @returns {boolean} */
export function isLink(text) {
  return /^(https?|ezp2p):\/\//.test(text.trim());
}
