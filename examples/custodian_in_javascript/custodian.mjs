// A custodian in under a hundred lines of JavaScript, with nothing but Node (18 or later).
// It holds the records of a JSON file (see docs/record-types), and answers what the hub asks.
//
//   node custodian.mjs https://hub.example.org our-client key.pem records.json
//
// The key is EC P-256 in PEM (PKCS #8). `joinedup conformance --serve --key key.pem` checks it.
// Addresses, methods and types are in hub.mjs, which generate.mjs makes out of the hub's OpenAPI.
import crypto from "node:crypto";
import fs from "node:fs";
import * as hub from "./hub.mjs";

const [url, clientId, keyFile, recordsFile] = process.argv.slice(2);
const key = crypto.createPrivateKey(fs.readFileSync(keyFile));
const records = JSON.parse(fs.readFileSync(recordsFile, "utf8"));
const system = "cms";
const b64 = (value) => Buffer.from(value).toString("base64url");
const json = (value) => b64(JSON.stringify(value));
const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

let token = { ends: 0 };
async function bearer() { // client credentials with private_key_jwt (RFC 7523)
  if (token.ends > Date.now() + 30_000) return token.text;
  const audience = url + hub.getTokenPath, now = Math.floor(Date.now() / 1000);
  const { kty, crv, x, y } = crypto.createPublicKey(key).export({ format: "jwk" });
  const kid = crypto.createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  const claims = { iss: clientId, sub: clientId, aud: audience, iat: now, exp: now + 240, jti: crypto.randomUUID() };
  const head = `${json({ alg: "ES256", kid })}.${json(claims)}`;
  const signed = b64(crypto.sign("sha256", Buffer.from(head), { key, dsaEncoding: "ieee-p1363" }));
  const send = (method, path, form) => fetch(url + path, { method, redirect: "manual", body: new URLSearchParams(form) });
  const answer = await hub.getToken(send, { grant_type: "client_credentials", client_assertion: `${head}.${signed}`,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" });
  if (!answer.ok) throw await away(answer);
  const body = await answer.json();
  token = { text: body.access_token, ends: Date.now() + body.expires_in * 1000 };
  return token.text;
}

async function away(answer) { // the hub is busy or gone (5xx, 429), or has said no (4xx)
  const busy = answer.status >= 500 || answer.status === 429;
  const wait = Number(answer.headers.get("retry-after")) || 1;
  return Object.assign(new Error(`the hub said ${answer.status}`), { busy, wait });
}

async function call(method, path, body) {
  const answer = await fetch(url + path, { method, redirect: "manual", body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${await bearer()}`, "content-type": "application/json" } });
  if (answer.status >= 300) throw await away(answer);
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

function seal(record, jwk, workItemId) { // JWE (RFC 7516): ECDH-ES+A256KW, A256GCM
  const theirs = crypto.createPublicKey({ key: jwk, format: "jwk" });
  const ours = jwk.crv === "X25519" ? crypto.generateKeyPairSync("x25519") : crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const alg = "ECDH-ES+A256KW", epk = ours.publicKey.export({ format: "jwk" });
  const number = (n) => { const four = Buffer.alloc(4); four.writeUInt32BE(n); return four; };
  const secret = crypto.diffieHellman({ privateKey: ours.privateKey, publicKey: theirs });
  const wrapping = crypto.createHash("sha256").update(Buffer.concat([ // Concat KDF (RFC 7518, 4.6.2)
    number(1), secret, number(alg.length), Buffer.from(alg), number(0), number(0), number(256)])).digest();
  const content = crypto.randomBytes(32), iv = crypto.randomBytes(12);
  const wrap = crypto.createCipheriv("id-aes256-wrap", wrapping, Buffer.from("a6a6a6a6a6a6a6a6", "hex"));
  const wrapped = Buffer.concat([wrap.update(content), wrap.final()]);
  const header = json({ alg, enc: "A256GCM", typ: "joinedup-record", workItemId, epk });
  const cipher = crypto.createCipheriv("aes-256-gcm", content, iv).setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(JSON.stringify(record)), cipher.final()]);
  return [header, b64(wrapped), b64(iv), b64(text), b64(cipher.getAuthTag())].join(".");
}

const place = ({ recordType, recordId }) => ({ systemId: system, recordType, recordId });

/** @param {hub.ClaimedWork} item @returns {Omit<hub.WorkResult, "workItemId" | "leaseToken">} */
function result(item) { // here your own rules decide who is given what
  const held = records.filter((one) => one.personId === item.sui && one.recordType === item.recordType);
  if (item.kind === "find") return held.length ? { outcome: "hasRecords", records: held.map(place) } : { outcome: "noRecords" };
  const record = held.find((one) => one.recordId === item.recordId && item.systemId === system);
  if (!record) return { outcome: "withheld", reason: "not-held" };
  try { return { outcome: "shared", content: seal(record, item.publicKey, item.workItemId) }; }
  catch { return { outcome: "permanentError" }; }
}

let registered = false, unanswered = null; // an answer is sent until the hub has it
for (;;) {
  try {
    registered ||= await hub.putPointers(call, { pointers: records.map((one) => ({ ...place(one), sui: one.personId })) });
    if (!unanswered && (await hub.isWorkAvailable(call)).status === 200) {
      const { status, body: item } = await hub.claimWork(call, {});
      if (status === 201) unanswered = { workItemId: item.workItemId, leaseToken: item.leaseToken, ...result(item) };
    }
    if (unanswered) await hub.returnResult(call, unanswered);
    else await sleep(0.4 + 0.2 * Math.random());
    unanswered = null;
  } catch (error) {
    if (error.busy === false) { console.error(error.message); unanswered = null; }
    await sleep((error.wait ?? 1) + Math.random());
  }
}
