// What the program tells its pages and what they ask of it: ezp2p/wire/bridge.py in JSDoc.
// tests/ui/test_types.py holds the two together.

/** @typedef {import('../wire/messages.js').CheckName} CheckName */
/** @typedef {import('../wire/messages.js').CheckState} CheckState */
/** @typedef {import('../wire/messages.js').Grant} Grant */

/** @typedef {'start'|'code'|'joining'|'consent'|'session'|'ended'|'login'|'waiting'|'viewer'|'checkup'} Page */

/**
 * @typedef {object} ProblemView
 * @property {string} key
 * @property {Record<string, string>} fields
 */

/**
 * @typedef {object} ServerView
 * @property {string} address
 * @property {string} company
 * @property {boolean} online
 */

/**
 * @typedef {object} CustomerView
 * @property {string} company
 * @property {string} counselor
 * @property {Grant[]} asks
 * @property {Grant[]} granted
 * @property {Grant[]} grantable
 * @property {string[]} words
 * @property {number} consent_until_ms
 * @property {number} allow_from_ms
 * @property {number} since_ms
 * @property {string} path
 * @property {number} gives_up_ms
 * @property {string} end_reason
 * @property {string} record
 */

/** @typedef {'opening'|'waiting'|'calling'|'session'} SlotState */

/**
 * @typedef {object} SlotView
 * @property {number} slot
 * @property {SlotState} state
 * @property {string} code
 * @property {string} link
 * @property {string} qr_svg
 * @property {number} until_ms
 * @property {string} caller
 * @property {ProblemView | null} problem
 */

/** @typedef {'connecting'|'asking'|'live'|'broken'|'ended'} SessionState */

/**
 * @typedef {object} SessionView
 * @property {number} session
 * @property {number} slot
 * @property {string} customer
 * @property {SessionState} state
 * @property {Grant[]} granted
 * @property {boolean} view_only
 * @property {string} driver
 * @property {string} path
 * @property {string} path_why
 * @property {string[]} words
 * @property {number} since_ms
 * @property {number} gives_up_ms
 * @property {ProblemView | null} problem
 * @property {string} end_reason
 */

/**
 * @typedef {object} CounselorView
 * @property {string} login
 * @property {string} name
 * @property {boolean} remember
 * @property {boolean} can_remember
 * @property {SlotView[]} slots
 * @property {number} max_slots
 * @property {SessionView[]} sessions
 */

/**
 * @typedef {object} CheckView
 * @property {CheckName} name
 * @property {CheckState} state
 * @property {string} key
 * @property {Record<string, string>} fields
 */

/**
 * @typedef {object} CheckupView
 * @property {string} address
 * @property {Page} back
 * @property {boolean} running
 * @property {CheckView[]} checks
 * @property {CheckState} state
 * @property {ProblemView | null} conclusion
 * @property {string} report
 */

/**
 * @typedef {object} State
 * @property {Page} page
 * @property {string} version
 * @property {string} language
 * @property {string[]} languages
 * @property {boolean} window
 * @property {boolean} busy
 * @property {ProblemView | null} problem
 * @property {ServerView} server
 * @property {string[]} recent_servers
 * @property {Record<string, string | boolean | number>} settings
 * @property {CustomerView | null} customer
 * @property {CounselorView | null} counselor
 * @property {CheckupView | null} checkup
 */

/** @typedef {{event: 'state', state: State}} StateChanged */

/**
 * @typedef {object} ChatSaid
 * @property {'chat'} event
 * @property {number} session
 * @property {number} number
 * @property {boolean} mine
 * @property {string} who
 * @property {string} text
 * @property {number} at_ms
 */

/**
 * @typedef {object} QualityMeasured
 * @property {'quality'} event
 * @property {number} session
 * @property {string} path
 * @property {number} round_trip_ms
 * @property {number} frames_per_s
 * @property {number} rate_bps
 * @property {string} driver
 */

/**
 * @typedef {object} Notified
 * @property {'notify'} event
 * @property {string} key
 * @property {Record<string, string>} fields
 * @property {number} session
 */

/** @typedef {StateChanged | ChatSaid | QualityMeasured | Notified} BridgeEvent */

/**
 * @typedef {{do: 'go-to', page: Page}
 *   | {do: 'choose-server', address: string}
 *   | {do: 'enter-code', code: string}
 *   | {do: 'cancel-joining'}
 *   | {do: 'answer-consent', granted: Grant[]}
 *   | {do: 'change-grants', granted: Grant[]}
 *   | {do: 'end-session', session: number}
 *   | {do: 'log-in', address: string, login: string, password: string, remember: boolean}
 *   | {do: 'log-out'}
 *   | {do: 'add-slot'}
 *   | {do: 'remove-slot', slot: number}
 *   | {do: 'renew-slot', slot: number}
 *   | {do: 'ask-grants', session: number, grants: Grant[]}
 *   | {do: 'view-only', session: number, on: boolean}
 *   | {do: 'say', session: number, text: string}
 *   | {do: 'close-tab', session: number}
 *   | {do: 'setting', name: string, value: string | boolean | number}
 *   | {do: 'use-proxy', address: string, password: string}
 *   | {do: 'full-screen', on: boolean}
 *   | {do: 'open-record'}
 *   | {do: 'check-up', address: string}
 *   | {do: 'stop-checkup'}
 *   | {do: 'quit'}} Command
 */

export {};
