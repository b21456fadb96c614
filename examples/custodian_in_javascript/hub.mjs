// Made from openapi.json by generate.mjs: make it anew rather than change it.

/** RFC 6749 section 5.1.
 * @typedef {object} Token
 * @property {string} access_token
 * @property {"Bearer"} token_type
 * @property {number} expires_in
 * @property {string} scope
 */

/**
 * @typedef {object} PointersTaken
 * @property {number} added
 * @property {number} refreshed
 * @property {Array<RefusedPointer>} refused
 */

/** Up to 10,000 pointers, as they were true at ``refreshed`` (now).
 * @typedef {object} PointersGiven
 * @property {Array<PointerGiven>} pointers
 * @property {string|null} [refreshed]
 * @property {string} [batch]
 */

/** A work item under a lease. Answer it, or renew the lease, before it ends.
 * @typedef {object} ClaimedWork
 * @property {string} workItemId
 * @property {"find"|"fetch"} kind
 * @property {string} leaseToken
 * @property {string} leaseExpiresAt
 * @property {string} expiresAt
 * @property {string} correlationId
 * @property {string|null} [traceparent] W3C trace context of the search
 * @property {string} sui
 * @property {string} recordType
 * @property {SearcherNamed} searcher
 * @property {string} purpose
 * @property {string} legalBasis
 * @property {string} reason
 * @property {boolean} emergency
 * @property {string|null} [systemId]
 * @property {string|null} [recordId]
 * @property {Object<string, string>|null} [publicKey]
 * @property {Array<string>|null} [items]
 * @property {Array<string>|null} [duties] mask-location: leave out where the child is
 * @property {PersonsDecision|null} [decision]
 */

/** A work item in the draft's words, with who asks and why, which the draft left out.
 * @typedef {object} DraftJob
 * @property {string} jobId
 * @property {string} workItemId The same as jobId
 * @property {string} leaseId
 * @property {string} leaseExpiresUtc
 * @property {string} sui
 * @property {string} recordType
 * @property {string} expiresAt
 * @property {string} correlationId
 * @property {string|null} [traceparent]
 * @property {SearcherNamed} searcher
 * @property {string} purpose
 * @property {string} legalBasis
 * @property {string} reason
 * @property {boolean} emergency
 */

/** Which work to take; any, when empty.
 * @typedef {object} WorkQuestion
 * @property {Array<string>} [recordTypes]
 * @property {Array<"find"|"fetch">} [kinds]
 */

/**
 * @typedef {object} ResultTaken
 * @property {string} entryId The ledger's entry; its receipt: /api/v1/ledger/receipts/{id}
 */

/** A result. ``content`` is a JWE in compact form, closed to the searcher's key.
 * @typedef {object} WorkResult
 * @property {string} workItemId
 * @property {string} leaseToken
 * @property {"hasRecords"|"noRecords"|"temporaryError"|"permanentError"|"shared"|"withheld"} outcome
 * @property {"detriment"|"not-relevant"|"not-held"|"other-legal-bar"|"ask-us"|null} [reason]
 * @property {Array<FoundRecordGiven>} [records]
 * @property {string} [content]
 */

/** A result of a lookup, in the draft's words.
 * @typedef {object} DraftResult
 * @property {string} jobId
 * @property {string} leaseId
 * @property {"HasRecords"|"NoRecords"|"TemporaryError"|"PermanentError"} resultType
 * @property {Array<DraftRecord>|null} [records]
 * @property {Object<string, any>|null} [payload] The draft's, for jobs other than lookups: there are none
 */

/**
 * @typedef {object} RefusedPointer
 * @property {number} index
 * @property {string} reason
 */

/** A record that is held about a child.
 * @typedef {object} PointerGiven
 * @property {string} systemId
 * @property {string} recordType
 * @property {string} recordId
 * @property {string} sui
 * @property {string|null} [firstSeen]
 * @property {string|null} [lastSeen]
 * @property {Provenance|null} [provenance] Worked out when it is not said
 */

/**
 * @typedef {object} SearcherNamed
 * @property {string} code
 * @property {string} name
 */

/** What your own people decided at the hub about this record and this searcher.
 * @typedef {object} PersonsDecision
 * @property {"share"|"detriment"|"not-relevant"|"not-held"|"other-legal-bar"} answer
 * @property {Array<string>} items What to share of it; empty for all that is asked for
 * @property {string} decidedAt
 * @property {string} decidedBy
 */

/** A record that the custodian holds.
 * @typedef {object} FoundRecordGiven
 * @property {string} systemId
 * @property {string} recordId
 * @property {string} recordType
 * @property {string|null} [firstSeen]
 * @property {string|null} [lastSeen]
 */

/** A record that the custodian holds, in the draft's words.
 * @typedef {object} DraftRecord
 * @property {string} systemId
 * @property {string} recordType
 * @property {string} recordUrl Not called, kept or passed on: it tells records apart that have no recordId
 * @property {string|null} [recordId]
 */

/** How the custodian came by the child's identifier. @typedef {"issued-by-service"|"already-held"|"found-by-search"} Provenance */

export const getTokenPath = "/api/v1/auth/token";
/** Get a token. Client credentials with private_key_jwt. The assertion is signed with one of RS512, RS256, PS256, ES256, ES384, Ed25519, EdDSA, names the key in `kid`, has the client id as `iss` and `sub`, this exact address as `aud`, `exp` at most 5 minutes away, and a `jti` used once.
 * @param {(method: string, path: string, body?: any) => any} send
 * @param {{grant_type: "client_credentials", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: string, client_id?: string, scope?: string}} body
 * @returns {any} what `send` gives, of 200: Token */
export const getToken = (send, body) => send("POST", getTokenPath, body);

export const putPointersPath = "/api/v2/register/pointers";
/** Say which records are held. Needs the scope register.write. Adds and refreshes up to 10,000 pointers; sending them again does no harm. What cannot be taken is listed by its place, and the rest is kept. `batch` is your own name for the run, shown in the summary, to go on from there.
 * @param {(method: string, path: string, body?: any) => any} send
 * @param {PointersGiven} body
 * @returns {any} what `send` gives, of 200: PointersTaken */
export const putPointers = (send, body) => send("PUT", putPointersPath, body);

export const isWorkAvailablePath = "/api/v2/work/available";
/** Ask whether there is work. Needs the scope work-item.read. 200 when there is, 204 when not.
 * @param {(method: string, path: string, body?: any) => any} send
 * @returns {any} what `send` gives, of 200: no body; 204: no body */
export const isWorkAvailable = (send) => send("HEAD", isWorkAvailablePath);

export const claimWorkPath = "/api/v2/work/claim";
/** Take a work item. Needs the scope work-item.write. The item is yours until leaseExpiresAt; answer it, or renew the lease, before then. 204 with Retry-After when there is none. Without a body: a lookup, answered in the words of the national draft.
 * @param {(method: string, path: string, body?: any) => any} send
 * @param {WorkQuestion|null} body
 * @returns {any} what `send` gives, of 201: ClaimedWork|DraftJob; 204: no body */
export const claimWork = (send, body) => send("POST", claimWorkPath, body);

export const returnResultPath = "/api/v2/work/result";
/** Return a result. Needs the scope work-item.write. 400 for a result that is malformed or not under its lease, 409 for one that comes twice or too late.
 * @param {(method: string, path: string, body?: any) => any} send
 * @param {WorkResult|DraftResult} body
 * @returns {any} what `send` gives, of 202: ResultTaken */
export const returnResult = (send, body) => send("POST", returnResultPath, body);
