// Checks receipts of an inkan ledger with no node and no network: one file, no dependencies, WebCrypto.
//
// For Node 20 and later, and browsers with Ed25519 in WebCrypto. `check(request)` takes one question as an object and
// gives (a promise of) one answer, the same as the Rust and Python verifiers beside it give. Steps and codes are those of
// sections 2 to 6 of the ledger specification; the README lists requests and answers.
//
//     node inkan-receipt.mjs --policy log.policy credential.json.inkan-receipt.json
//     node inkan-receipt.mjs batch < requests.jsonl > answers.jsonl

const NOTE_LIMIT = 65_536;
const SIDECAR_LIMIT = 4 * NOTE_LIMIT;
const SAFE = Number.MAX_SAFE_INTEGER;
// The last moment that every implementation can name: 9999-12-30T22:00:00Z.
const LAST_SECOND = 253_402_207_200;
// How far two clocks may differ, in seconds.
const TOLERANCE = 300;
const KINDS = ["epoch", "did", "issuance", "countersignature", "status", "trust", "anchor", "once"];
const IN_MAP = ["did", "countersignature", "status", "trust", "once"];

/** A check that failed, with its code. */
class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** A request that cannot be understood; the message is the member. */
export class RequestError extends Error {}

/** Bytes that are not what they should be; the caller knows the code. */
class Malformed extends Error {}

const need = (condition) => {
  if (!condition) throw new Malformed();
};
const refuse = (code) => {
  throw new Refused(code);
};

/** Turns Malformed into a code. */
async function coded(code, make) {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Malformed) throw new Refused(code);
    throw error;
  }
}

// -------------------------------------------------------------------------------------------------------------------
// Encodings with one reading.

const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);

function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const sha256 = async (...parts) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", parts.length === 1 ? parts[0] : concat(...parts)));

const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

function decodeHex(text) {
  need(typeof text === "string" && /^(?:[0-9a-f]{2})*$/.test(text));
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function decodeUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed();
  }
}

function b64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  }
  return btoa(text);
}

function decodeB64(text) {
  need(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0);
  let raw;
  try {
    raw = atob(text);
  } catch {
    throw new Malformed();
  }
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  need(b64(bytes) === text);
  return bytes;
}

const b64u = (bytes) => b64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function decodeB64u(text, length) {
  need(/^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1);
  const padded = text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4);
  const bytes = decodeB64(padded);
  need(length === undefined || bytes.length === length);
  return bytes;
}

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

const bigEndian = (bytes) => (bytes.length ? BigInt("0x" + hex(bytes)) : 0n);
const littleEndian = (bytes) => bigEndian(Uint8Array.from(bytes).reverse());

function base58(bytes) {
  let number = bigEndian(bytes);
  let text = "";
  while (number > 0n) {
    text = BASE58[Number(number % 58n)] + text;
    number /= 58n;
  }
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros += 1;
  return "1".repeat(zeros) + text;
}

function decodeBase58(text) {
  need(text.length <= 1024);
  let number = 0n;
  for (const character of text) {
    const digit = BASE58.indexOf(character);
    need(digit >= 0);
    number = number * 58n + BigInt(digit);
  }
  const zeros = text.match(/^1*/)[0].length;
  let digits = number === 0n ? "" : number.toString(16);
  if (digits.length % 2) digits = "0" + digits;
  return concat(new Uint8Array(zeros), decodeHex(digits));
}

const multihash58 = (digest) => base58(concat([0x12, 0x20], digest));

function isMultihash58(text) {
  try {
    const bytes = decodeBase58(text);
    return bytes.length === 34 && bytes[0] === 0x12 && bytes[1] === 0x20;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** ASCII digits without sign or leading zero, below 2^63, as a BigInt. */
function decimal(text) {
  need(/^(?:0|[1-9][0-9]{0,18})$/.test(text));
  const number = BigInt(text);
  need(number < 1n << 63n);
  return number;
}

const isVisible = (text) => /^[!-~]*$/.test(text);
// Unicode White_Space and general category Cc.
const SPACES = /[\0-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const isKeyName = (name) => name !== "" && !name.includes("+") && !SPACES.test(name);
const isOrigin = (text) => text.length >= 1 && text.length <= 64 && isVisible(text) && !text.includes("+");

/** The text before and after the first `sign`; what follows is undefined without it. */
function cut(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + sign.length)];
}

// -------------------------------------------------------------------------------------------------------------------
// JSON with one reading, and its canonical form (RFC 8785) for values without fractions. Objects become Maps.

/** A number that is not a plain integer: nothing here takes one. */
class Real {}

const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    need(found);
    this.at = pattern.lastIndex;
    return found;
  }

  blank() {
    this.match(/[ \t\n\r]*/y);
  }

  take(token) {
    need(this.text.startsWith(token, this.at));
    this.at += token.length;
  }

  /** Whether the next character, after blanks, is this one; it is taken then. */
  takes(token) {
    this.blank();
    const found = this.text.startsWith(token, this.at);
    if (found) this.at += token.length;
    return found;
  }

  value(depth) {
    this.blank();
    const first = this.text[this.at];
    if (first === "{") return this.object(depth);
    if (first === "[") return this.array(depth);
    if (first === '"') return this.string();
    if (this.takes("true")) return true;
    if (this.takes("false")) return false;
    if (this.takes("null")) return null;
    return this.number();
  }

  object(depth) {
    const out = new Map();
    need(depth > 0);
    this.take("{");
    if (this.takes("}")) return out;
    for (;;) {
      this.blank();
      const name = this.string();
      need(!out.has(name));
      this.blank();
      this.take(":");
      out.set(name, this.value(depth - 1));
      if (this.takes("}")) return out;
      this.take(",");
    }
  }

  array(depth) {
    const out = [];
    need(depth > 0);
    this.take("[");
    if (this.takes("]")) return out;
    for (;;) {
      out.push(this.value(depth - 1));
      if (this.takes("]")) return out;
      this.take(",");
    }
  }

  string() {
    this.take('"');
    let out = "";
    for (;;) {
      out += this.match(/[^"\\\0-\x1f]*/y)[0];
      if (this.text[this.at] === '"') {
        this.at += 1;
        return out;
      }
      this.take("\\");
      const escape = this.text[this.at] ?? "";
      this.at += 1;
      if (escape === "u") {
        out += this.escaped();
      } else {
        need(escape !== "" && Object.hasOwn(ESCAPES, escape));
        out += ESCAPES[escape];
      }
    }
  }

  escaped() {
    const unit = parseInt(this.match(/[0-9A-Fa-f]{4}/y)[0], 16);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      this.take("\\u");
      const low = parseInt(this.match(/[0-9A-Fa-f]{4}/y)[0], 16);
      need(low >= 0xdc00 && low <= 0xdfff);
      return String.fromCharCode(unit, low);
    }
    need(!(unit >= 0xdc00 && unit <= 0xdfff));
    return String.fromCharCode(unit);
  }

  number() {
    const [token, fraction, exponent] = this.match(/-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y);
    const number = Number(token);
    if (fraction === undefined && exponent === undefined && Math.abs(number) <= SAFE) {
      // Minus zero is zero.
      return number + 0;
    }
    need(Number.isFinite(number));
    need(!(Number.isInteger(number) && Math.abs(number) > SAFE && Math.abs(number) < 1e21));
    return new Real();
  }
}

/** The value of strict JSON: no member twice, no integer beyond 2^53 - 1, limited depth. */
function parseJson(bytes, limit, depth = 64) {
  need(bytes.length <= limit);
  const parser = new Parser(decodeUtf8(bytes));
  const value = parser.value(depth);
  parser.blank();
  need(parser.at === parser.text.length);
  return value;
}

/** RFC 8785; Real has no form here. */
function canonical(value) {
  if (value instanceof Map) {
    const names = [...value.keys()].sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value.get(name))}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  need(!(value instanceof Real));
  return JSON.stringify(value);
}

function onlyIntegers(value) {
  if (value instanceof Map) return [...value.values()].every(onlyIntegers);
  if (Array.isArray(value)) return value.every(onlyIntegers);
  return !(value instanceof Real);
}

const member = (value, name) => (value instanceof Map ? value.get(name) : undefined);

function textOf(value, name) {
  const found = member(value, name);
  need(typeof found === "string");
  return found;
}

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const hasOnly = (map, names) => [...map.keys()].every((name) => names.includes(name));
const hasAll = (map, names) => map.size === names.length && hasOnly(map, names);

// -------------------------------------------------------------------------------------------------------------------
// Keys. Ed25519 is strict (section 2.2): canonical encodings, no small order, S below L, no cofactor.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (number, modulus) => ((number % modulus) + modulus) % modulus;

function power(base, exponent, modulus) {
  let out = 1n;
  for (base = mod(base, modulus); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) out = (out * base) % modulus;
    base = (base * base) % modulus;
  }
  return out;
}

const D = mod(-121665n * power(121666n, P - 2n, P), P);

/** Whether these bytes are the one encoding of a point. */
function checkPoint(bytes) {
  const number = littleEndian(bytes);
  const sign = number >> 255n;
  const y = number & ((1n << 255n) - 1n);
  need(y < P);
  const u = mod(y * y - 1n, P);
  const v = mod(D * y * y + 1n, P);
  // u/v is a square if it is 0 or its Euler criterion is 1; u/v and uv are squares together.
  need(u === 0n ? sign === 0n : power(u * v, (P - 1n) / 2n, P) === 1n);
}

// The eight points of small order.
const SMALL_ORDER = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

const P256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const p256Square = (x) => mod(x * x * x - 3n * x + P256_B, P256);
const wide = (number) => decodeHex(number.toString(16).padStart(64, "0"));

const imported = new Map();

/** A public key: on its curve, canonical, not of small order. `id` tells keys apart. */
class Key {
  constructor(algorithm, id, key) {
    this.algorithm = algorithm;
    this.id = id;
    this.key = key;
  }

  static async ed25519(raw) {
    need(raw.length === 32);
    const id = hex(raw);
    if (!imported.has(id)) {
      need(!SMALL_ORDER.has(id));
      checkPoint(raw);
      const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
      imported.set(id, new Key("EdDSA", id, key));
    }
    return imported.get(id);
  }

  static async p256(x, y) {
    need(x < P256 && y < P256 && mod(y * y, P256) === p256Square(x));
    const jwk = { kty: "EC", crv: "P-256", x: b64u(wide(x)), y: b64u(wide(y)) };
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    return new Key("ES256", `${x},${y}`, key);
  }

  /** null for a type of key that is not looked at. */
  static async multikey(text) {
    if (utf8(text).length > 256) return null;
    need(text.startsWith("z"));
    const bytes = decodeBase58(text.slice(1));
    need(bytes.length >= 2);
    const [first, second] = bytes;
    if (first === 0xed && second === 0x01) return Key.ed25519(bytes.slice(2));
    if (first !== 0x80 || second !== 0x24) return null;
    need(bytes.length === 35 && (bytes[2] === 2 || bytes[2] === 3));
    const x = bigEndian(bytes.slice(3));
    need(x < P256);
    let y = power(p256Square(x), (P256 + 1n) / 4n, P256);
    if ((y & 1n) !== BigInt(bytes[2] & 1)) y = mod(-y, P256);
    return Key.p256(x, y);
  }

  static async jwk(jwk) {
    const kind = textOf(jwk, "kty");
    need(!jwk.has("d"));
    const curve = jwk.get("crv");
    if (typeof curve !== "string") {
      need(kind !== "OKP" && kind !== "EC");
      return null;
    }
    const coordinate = (name) => decodeB64u(textOf(jwk, name), 32);
    if (kind === "OKP" && curve === "Ed25519") return Key.ed25519(coordinate("x"));
    if (kind === "EC" && curve === "P-256") return Key.p256(bigEndian(coordinate("x")), bigEndian(coordinate("y")));
    return null;
  }

  async verifies(message, signature) {
    if (signature.length !== 64) return false;
    const halves = [signature.slice(0, 32), signature.slice(32)];
    if (this.algorithm === "EdDSA") {
      if (SMALL_ORDER.has(hex(halves[0])) || littleEndian(halves[1]) >= L) return false;
      return crypto.subtle.verify({ name: "Ed25519" }, this.key, signature, message);
    }
    if (halves.map(bigEndian).some((number) => number === 0n || number >= P256_N)) return false;
    return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, this.key, signature, message);
  }
}

async function ed25519Multikey(text) {
  const key = await Key.multikey(text);
  need(key !== null && key.algorithm === "EdDSA");
  return key;
}

// -------------------------------------------------------------------------------------------------------------------
// Policies (C2SP tlog-policy): logs, witnesses, groups, quorum.

const TSA_PREFIX = utf8("inkan-rfc3161/v1");

async function verifierKey(text) {
  const [name, tail] = cut(text, "+");
  need(tail !== undefined && isKeyName(name));
  const [id, encodedText] = cut(tail, "+");
  need(encodedText !== undefined);
  const encoded = decodeB64(encodedText);
  need(encoded.length > 0);
  const [type, rest] = [encoded[0], encoded.slice(1)];
  let key = null;
  if (type === 0x01 || type === 0x04) {
    key = await Key.ed25519(rest);
  } else {
    need(type === 0xff && rest.length === TSA_PREFIX.length + 32);
    need(same(rest.slice(0, TSA_PREFIX.length), TSA_PREFIX));
  }
  const expected = hex((await sha256(utf8(`${name}\n`), encoded)).slice(0, 4));
  need(id === expected);
  return { name, id, type, key, encoded: encodedText };
}

const collide = (one, other) => one.encoded === other.encoded || (one.name === other.name && one.id === other.id);

class Policy {
  static async parse(bytes) {
    const text = decodeUtf8(bytes);
    need(bytes.length <= NOTE_LIMIT && !/[\0-\x08\x0b-\x1f\x7f]/.test(text));
    const policy = new Policy();
    // Witnesses are {name, key}; a rule is the place of a witness, or {threshold, rules}.
    Object.assign(policy, { logs: [], witnesses: [], groups: 0, names: new Map(), quorum: undefined });
    for (const line of text.split("\n")) {
      const words = line.split(/[ \t]/).filter((word) => word !== "");
      if (words.length > 0 && !words[0].startsWith("#")) {
        await policy.line(words);
        need(Math.max(policy.logs.length, policy.witnesses.length, policy.groups) <= 64);
      }
    }
    need(policy.quorum !== undefined);
    return policy;
  }

  async line(words) {
    const [what, ...rest] = words;
    if (what === "log" && (rest.length === 1 || rest.length === 2)) {
      const key = await verifierKey(rest[0]);
      need(key.type === 0x01 && isOrigin(key.name));
      need(!this.logs.some((log) => collide(log, key)));
      this.logs.push(key);
    } else if (what === "witness" && (rest.length === 2 || rest.length === 3)) {
      const key = await verifierKey(rest[1]);
      need(key.type !== 0x01 && !this.witnesses.some((witness) => collide(witness.key, key)));
      this.define(rest[0], this.witnesses.length);
      this.witnesses.push({ name: rest[0], key });
    } else if (what === "group" && rest.length >= 3) {
      const [name, number, ...members] = rest;
      let threshold;
      if (number === "all") threshold = members.length;
      else if (number === "any") threshold = 1;
      else threshold = Number(decimal(number));
      need(threshold >= 1 && threshold <= members.length);
      const rules = members.map((word) => {
        const rule = this.names.get(word);
        need(rule !== undefined && rule !== null);
        this.names.set(word, null);
        return rule;
      });
      this.groups += 1;
      this.define(name, { threshold, rules });
    } else if (what === "quorum" && rest.length === 1) {
      need(this.quorum === undefined);
      if (rest[0] === "none") {
        this.quorum = null;
      } else {
        const rule = this.names.get(rest[0]);
        need(rule !== undefined && rule !== null);
        this.quorum = rule;
      }
    } else {
      throw new Malformed();
    }
  }

  define(name, rule) {
    need(name !== "none" && !this.names.has(name));
    this.names.set(name, rule);
  }

  isMet(seen) {
    const met = (rule) =>
      typeof rule === "number" ? seen.has(rule) : rule.rules.filter(met).length >= rule.threshold;
    return this.quorum === null || met(this.quorum);
  }

  operators(seen) {
    const names = new Set([...seen].map((place) => this.witnesses[place].name.split("/")[0]));
    names.delete("self");
    return sortedByBytes([...names]);
  }
}

/** Order of UTF-8 bytes, which is that of code points. */
function sortedByBytes(texts) {
  const key = (text) => hex(utf8(text));
  return texts.sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

// -------------------------------------------------------------------------------------------------------------------
// Notes, checkpoints and proofs: V1 to V4.

class Note {
  constructor(text, limit = NOTE_LIMIT) {
    need(utf8(text).length <= limit && !/[\0-\x09\x0b-\x1f]/.test(text));
    const at = text.lastIndexOf("\n\n");
    need(at >= 0 && text.slice(at + 2).endsWith("\n"));
    this.text = text.slice(0, at + 1);
    this.bytes = utf8(this.text);
    this.signatures = text
      .slice(at + 2, -1)
      .split("\n")
      .map((line) => {
        need(line.startsWith("\u2014 "));
        const [name, signature] = cut(line.slice(2), " ");
        need(signature !== undefined);
        const bytes = decodeB64(signature);
        need(bytes.length > 4 && isKeyName(name));
        return { name, id: hex(bytes.slice(0, 4)), signature: bytes.slice(4) };
      });
    need(this.signatures.length <= 64);
  }

  /** The signature of a key, or undefined. */
  of(key) {
    const found = this.signatures.filter((line) => line.name === key.name && line.id === key.id);
    need(found.length <= 1);
    return found[0]?.signature;
  }
}

function parseCheckpoint(note) {
  need(note.text.endsWith("\n"));
  const lines = note.text.slice(0, -1).split("\n");
  need(lines.length === 3 && isOrigin(lines[0]));
  const [origin, size, root] = [lines[0], decimal(lines[1]), decodeB64(lines[2])];
  need(root.length === 32);
  return { origin, size, root };
}

/** A tlog-proof. */
class Proof {
  constructor(text) {
    need(utf8(text).length <= NOTE_LIMIT && !/[\0-\x09\x0b-\x1f\x7f]/.test(text));
    const [head, note] = cut(text, "\n\n");
    need(note !== undefined);
    const lines = head.split("\n");
    need(lines.shift() === "c2sp.org/tlog-proof@v1");
    if (lines[0]?.startsWith("extra ")) decodeB64(lines.shift().slice(6));
    need(lines[0]?.startsWith("index "));
    this.index = decimal(lines.shift().slice(6));
    this.path = lines.map(decodeB64);
    need(this.path.length <= 63 && this.path.every((node) => node.length === 32));
    this.note = new Note(note);
    this.checkpoint = parseCheckpoint(this.note);
    need(this.index < this.checkpoint.size);
  }
}

const FORMATS = ["jws", "cose", "di", "di-proof", "di-sd", "file"];

const RECORD_ROOT = "application/vnd.inkan.record-root";
const ROOTS = [RECORD_ROOT, "application/vnd.inkan.anchor-root"];

function parseOpening(value) {
  need(value instanceof Map);
  const format = textOf(value, "format");
  let record;
  if (format === "record") {
    need(value.size === 4);
    record = parseRecord(value.get("record"));
  } else {
    need(value.size === 3 && FORMATS.includes(format));
  }
  return { salt: decodeB64u(textOf(value, "salt"), 16), digest: decodeB64u(textOf(value, "digest"), 32), record };
}

/** Where a record stands in its batch, and the way from there to the root. */
function parseRecord(value) {
  need(value instanceof Map && hasOnly(value, ["index", "size", "path", "rootSalt"]));
  const [index, size, path] = [value.get("index"), value.get("size"), value.get("path")];
  need(isCount(index) && isCount(size) && index < size);
  need(Array.isArray(path) && path.length <= 63 && path.every((node) => typeof node === "string"));
  const salt = value.has("rootSalt") ? decodeB64u(textOf(value, "rootSalt"), 16) : undefined;
  return { index, size, path: path.map((node) => decodeB64u(node, 32)), salt };
}

/** A leaf, its proof, and what opens its commitment. */
function parseSidecar(bytes, checkpoints) {
  const value = parseJson(bytes, SIDECAR_LIMIT);
  need(value instanceof Map && hasOnly(value, ["type", "leaf", "proof", "opening", "cose", "checkpoint"]));
  need(textOf(value, "type") === "inkan-receipt/1");
  const leaf = decodeB64u(textOf(value, "leaf"));
  if (value.has("cose")) decodeB64u(textOf(value, "cose"));
  let text = textOf(value, "proof");
  if (value.has("checkpoint")) {
    const place = value.get("checkpoint");
    need(isCount(place) && checkpoints !== undefined && place < checkpoints.length);
    need(text.endsWith("\n\n"));
    text += checkpoints[place];
    need(utf8(text).length <= NOTE_LIMIT);
  }
  const proof = new Proof(text);
  return { leaf, proof, opening: value.has("opening") ? parseOpening(value.get("opening")) : undefined };
}

// -------------------------------------------------------------------------------------------------------------------
// Signed heads: V5 to V7, times and grade of section 5.3.

/** A checkpoint that verified. */
async function verifyHead(note, policy, now) {
  const { checkpoint, stamps, notChecked } = await coded("malformed-receipt", async () => {
    const parsed = parseCheckpoint(note);
    await checkLog(note, parsed.origin, policy);
    return { checkpoint: parsed, ...(await cosignatures(note, policy, now)) };
  });
  const places = (keep) => new Set(stamps.filter(({ time }) => keep(time)).map(({ place }) => place));
  if (!policy.isMet(places(() => true))) refuse("quorum-not-met");
  const head = { ...checkpoint, existedBy: null, freshAt: null, operators: [], notChecked };
  head.cosigners = stamps.map(({ place, time }) => ({ name: policy.witnesses[place].name, time }));
  if (policy.quorum !== null) {
    const moments = [...new Set(stamps.map(({ time }) => time))].sort((one, other) => one - other);
    const first = moments.find((moment) => policy.isMet(places((time) => time <= moment)));
    if (first !== undefined) {
      head.existedBy = first;
      head.operators = policy.operators(places((time) => time <= first));
    }
    head.freshAt = moments.reverse().find((moment) => policy.isMet(places((time) => time >= moment))) ?? null;
  }
  return head;
}

async function checkLog(note, origin, policy) {
  let signed = false;
  for (const log of policy.logs.filter((each) => each.name === origin)) {
    const signature = note.of(log);
    if (signature === undefined) continue;
    if (!(await log.key.verifies(note.bytes, signature))) refuse("log-signature-invalid");
    signed = true;
  }
  if (!signed) refuse("unknown-log");
}

async function cosignatures(note, policy, now) {
  const [stamps, notChecked] = [[], []];
  for (const [place, { name, key }] of policy.witnesses.entries()) {
    const signature = note.of(key);
    if (signature === undefined) continue;
    if (key.type === 0xff) {
      if (signature.length > 16_384) refuse("cosignature-invalid");
      notChecked.push(name);
      continue;
    }
    if (signature.length !== 72) refuse("cosignature-invalid");
    const stamp = bigEndian(signature.slice(0, 8));
    if (stamp === 0n || stamp >= 1n << 63n) refuse("cosignature-invalid");
    const message = utf8(`cosignature/v1\ntime ${stamp}\n${note.text}`);
    if (!(await key.key.verifies(message, signature.slice(8)))) refuse("cosignature-invalid");
    const time = stamp > BigInt(LAST_SECOND) ? LAST_SECOND : Number(stamp);
    if (time > Math.min(now + TOLERANCE, LAST_SECOND)) refuse("cosignature-in-future");
    stamps.push({ place, time });
  }
  return { stamps, notChecked };
}

const number = (value) => (value <= BigInt(SAFE) ? Number(value) : value.toString());

const headFacts = (head) => ({
  origin: head.origin,
  size: number(head.size),
  root: hex(head.root),
  existedBy: head.existedBy,
  freshAt: head.freshAt,
  grade: [head.operators.length > 0 ? `witnessed ${head.operators.length}` : "operator"],
  operators: head.operators,
  cosigners: head.cosigners,
  notChecked: head.notChecked,
});

// -------------------------------------------------------------------------------------------------------------------
// Leaves: V8 and V9.

const ZERO = Uint8Array.of(0);
const ONE = Uint8Array.of(1);
const leafHash = (leaf) => sha256(ZERO, leaf);

/** The root that a path leads to (RFC 9162 section 2.1.3.2); null if it is too long or too short. */
async function rootOf(leaf, index, size, path) {
  let [fn, sn, node] = [index, size - 1n, await leafHash(leaf)];
  for (const sibling of path) {
    if (sn === 0n) return null;
    if (fn & 1n || fn === sn) {
      node = await sha256(ONE, sibling, node);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      node = await sha256(ONE, node, sibling);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n ? node : null;
}

async function checkInclusion(leaf, index, size, path, root) {
  const found = await rootOf(leaf, index, size, path);
  return found !== null && same(found, root);
}

function parseLeaf(bytes) {
  need(bytes.length <= 65_535);
  const lines = [];
  let at = 0;
  for (let count = 0; count < 3; count += 1) {
    const end = bytes.indexOf(0x0a, at);
    need(end >= 0);
    lines.push(bytes.slice(at, end));
    at = end + 1;
  }
  const [magic, kind, time] = lines.map(decodeUtf8);
  const body = bytes.slice(at);
  need(magic === "inkan-leaf/v1" && KINDS.includes(kind));
  need(decimal(time) <= BigInt(LAST_SECOND));
  const limit = { epoch: 512, did: 32_768 + 1 + 16_384 }[kind] ?? 4_096;
  need(body.length <= limit);
  return { kind, time: Number(time), body };
}

/** A leaf that is proved to be in a log. */
async function included(sidecar, head) {
  const { proof } = sidecar;
  if (!(await checkInclusion(sidecar.leaf, proof.index, head.size, proof.path, head.root))) {
    refuse("inclusion-invalid");
  }
  const leaf = await coded("malformed-leaf", () => parseLeaf(sidecar.leaf));
  if (head.existedBy !== null && leaf.time > Math.min(head.existedBy + TOLERANCE, LAST_SECOND)) {
    refuse("time-inconsistent");
  }
  return { head, origin: head.origin, index: proof.index, hash: await leafHash(sidecar.leaf), leaf, kind: leaf.kind };
}

const leafFacts = (found) => ({
  index: number(found.index),
  leafHash: hex(found.hash),
  kind: found.kind,
  leafTime: { time: found.leaf.time, basis: "claimed" },
});

const EPOCH =
  /^\{"keys":(0|[1-9][0-9]{0,15}),"map":"([A-Za-z0-9_-]{43})","params":"([A-Za-z0-9_-]{43})","prev":(null|0|[1-9][0-9]{0,15}),"rules":1,"size":(0|[1-9][0-9]{0,15})\}$/;

function parseEpoch(body) {
  const found = EPOCH.exec(decodeUtf8(body));
  need(found && !found[0].includes("\n") && found[0].length === body.length);
  const [, keys, map, params, previous, size] = found;
  need([keys, size, previous === "null" ? "0" : previous].every((each) => Number(each) <= SAFE));
  return { map: decodeB64u(map, 32), params: decodeB64u(params, 32), size: BigInt(size) };
}

// -------------------------------------------------------------------------------------------------------------------
// DIDs, as far as ledger entries need them.

/** A DID of a method that is not looked at. */
class UnknownMethod extends Malformed {}

function percentDecode(text) {
  const out = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "%") {
      const digits = text.slice(at + 1, at + 3);
      need(/^[0-9A-Fa-f]{2}$/.test(digits));
      out.push(parseInt(digits, 16));
      at += 2;
    } else {
      out.push(text.charCodeAt(at));
    }
  }
  return decodeUtf8(Uint8Array.from(out));
}

function checkLocation(text) {
  const [authority, ...segments] = text.split(":");
  // The upper-case form is looked for first.
  const at = authority.includes("%3A") ? authority.indexOf("%3A") : authority.indexOf("%3a");
  const host = at < 0 ? authority : authority.slice(0, at);
  if (at >= 0) {
    const port = authority.slice(at + 3);
    need(/^[1-9][0-9]{1,4}$/.test(port) && Number(port) <= 65_535);
  }
  const labels = host.split(".");
  need(host.length <= 253 && labels.every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label)));
  need(!/^(?:[0-9]*|0[xX][0-9A-Fa-f]*)$/.test(labels.at(-1)) && labels.length > 1);
  for (const segment of segments) {
    const decoded = percentDecode(segment);
    need(!["", ".", ".."].includes(decoded) && !/[\0-\x1f\x7f-\x9f/\\%?#:]/.test(decoded));
  }
}

function parseDid(text) {
  need(utf8(text).length <= 2_048 && text.startsWith("did:"));
  const [method, rest] = cut(text.slice(4), ":");
  need(rest !== undefined && /^[a-z0-9]+$/.test(method));
  if (!["key", "jwk", "web", "webvh"].includes(method)) throw new UnknownMethod();
  need(/^(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})+$/.test(rest) && !rest.endsWith(":"));
  let scid = null;
  if (method === "key") {
    need(rest.startsWith("z"));
    decodeBase58(rest.slice(1));
  } else if (method === "jwk") {
    decodeB64u(rest);
  } else if (method === "web") {
    checkLocation(rest);
  } else {
    const [found, place] = cut(rest, ":");
    need(place !== undefined && isMultihash58(found));
    checkLocation(place);
    scid = found;
  }
  return { text, scid };
}

function parseDidUrl(text, base) {
  if (base !== undefined && text.startsWith("#")) text = base.text + text;
  const [rest, fragment] = cut(text, "#");
  const [did, query] = cut(rest, "?");
  for (const part of [fragment, query]) {
    if (part !== undefined) {
      need(/^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]+$/.test(part));
      percentDecode(part);
    }
  }
  return { text, did: parseDid(did), isKey: fragment !== undefined && query === undefined };
}

/** Seconds of exactly YYYY-MM-DDTHH:MM:SSZ. */
function strictTime(text) {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/.exec(text);
  need(found && text.length === 20);
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  need(year >= 1 && date.toISOString().replace(".000Z", "Z") === text);
  const seconds = date.getTime() / 1000;
  need(seconds <= LAST_SECOND);
  return seconds;
}

function items(value, name) {
  const found = value.has(name) ? value.get(name) : [];
  need(Array.isArray(found));
  return found;
}

const RELATIONSHIPS = [
  "assertionMethod",
  "authentication",
  "keyAgreement",
  "capabilityInvocation",
  "capabilityDelegation",
];

/** A DID document as a ledger accepts it (D13, D14). */
class Document {
  static async parse(value, did) {
    need(value.get("id") === did.text);
    const document = new Document();
    Object.assign(document, { value, did, seen: new Set(), keys: new Map(), assertion: new Set() });
    for (const item of items(value, "verificationMethod")) await document.method(item);
    for (const relationship of RELATIONSHIPS) {
      for (const item of items(value, relationship)) {
        const url = await document.reference(item);
        if (relationship === "assertionMethod" && url !== null) document.assertion.add(url);
      }
    }
    document.ledgerLog = document.home();
    return document;
  }

  async reference(item) {
    if (typeof item !== "string") {
      need(item instanceof Map);
      return this.method(item);
    }
    try {
      return parseDidUrl(item, this.did).text;
    } catch (error) {
      if (error instanceof UnknownMethod) return null;
      throw error;
    }
  }

  async method(item) {
    const url = parseDidUrl(textOf(item, "id"), this.did);
    need(url.isKey && !this.seen.has(url.text) && url.did.text === this.did.text);
    this.seen.add(url.text);
    if (item.has("controller")) {
      try {
        parseDid(textOf(item, "controller"));
      } catch (error) {
        if (error instanceof UnknownMethod) return url.text;
        throw error;
      }
    }
    const kind = textOf(item, "type");
    let key = null;
    if (kind === "Multikey") key = await Key.multikey(textOf(item, "publicKeyMultibase"));
    else if (kind === "JsonWebKey") key = await Key.jwk(item.get("publicKeyJwk"));
    if (key !== null) this.keys.set(url.text, key);
    return url.text;
  }

  home() {
    let found = null;
    for (const service of items(this.value, "service")) {
      const kind = member(service, "type");
      need(typeof kind === "string" || Array.isArray(kind));
      if (kind !== "LedgerLog" && !(Array.isArray(kind) && kind.includes("LedgerLog"))) continue;
      const endpoint = textOf(service, "serviceEndpoint");
      need(endpoint.startsWith("https://") && found === null);
      found = endpoint.slice(8);
      need(found.length >= 1 && found.length <= 64 && isVisible(found));
      need(/^[A-Za-z0-9]/.test(found) && !found.endsWith("/"));
    }
    return found;
  }

  keyFor(url) {
    return this.assertion.has(url) ? this.keys.get(url) : undefined;
  }
}

function texts(value) {
  need(Array.isArray(value) && value.every((item) => typeof item === "string"));
  return value;
}

function distinct(values) {
  need(new Set(values).size === values.length);
  return values;
}

const PROOF_MEMBERS = ["type", "cryptosuite", "proofPurpose", "verificationMethod", "created", "proofValue"];

/** One eddsa-jcs-2022 proof by a did:key (D8). */
async function parseEntryProof(value) {
  need(textOf(value, "type") === "DataIntegrityProof" && textOf(value, "cryptosuite") === "eddsa-jcs-2022");
  need(textOf(value, "proofPurpose") === "assertionMethod" && hasOnly(value, PROOF_MEMBERS));
  textOf(value, "proofValue");
  const method = textOf(value, "verificationMethod");
  need(method.startsWith("did:key:"));
  const [multikey, fragment] = cut(method.slice(8), "#");
  need(multikey === fragment);
  const key = await ed25519Multikey(multikey);
  return { value, key, created: value.has("created") ? strictTime(textOf(value, "created")) : null };
}

async function checkEntryProof(proof, document, now) {
  need(proof.created === null || proof.created <= now + TOLERANCE);
  const text = proof.value.get("proofValue");
  need(text.startsWith("z") && text.length <= 129);
  const signature = decodeBase58(text.slice(1));
  const config = new Map([...proof.value].filter(([name]) => name !== "proofValue"));
  const parts = [await sha256(utf8(canonical(config))), await sha256(utf8(canonical(document)))];
  need(await proof.key.verifies(concat(...parts), signature));
}

const NOBODY = { threshold: 0, keys: [] };

async function parseWitnessSet(value) {
  need(value instanceof Map);
  if (value.size === 0) return NOBODY;
  need(hasAll(value, ["threshold", "witnesses"]) && Array.isArray(value.get("witnesses")));
  const keys = [];
  for (const item of value.get("witnesses")) {
    need(item instanceof Map && item.size === 1);
    const id = textOf(item, "id");
    need(id.startsWith("did:key:"));
    keys.push((await ed25519Multikey(id.slice(8))).id);
  }
  const threshold = value.get("threshold");
  need(isCount(threshold) && threshold >= 1 && threshold <= distinct(keys).length);
  return { threshold, keys };
}

/** One version of a DID whose own form is right (D1 to D3, D6, D8 to D11, D13). */
async function parseEntry(body) {
  const at = body.indexOf(0x0a);
  const line = at < 0 ? body : body.slice(0, at);
  need(line.length <= 32_768 && !line.includes(0x0d));
  const members = parseJson(line, 32_768, 16);
  need(members instanceof Map && onlyIntegers(members));
  need(hasAll(members, ["versionId", "versionTime", "parameters", "state", "proof"]));
  const proofs = members.get("proof");
  members.delete("proof");
  const versionId = textOf(members, "versionId");
  const [digits, entryHash] = cut(versionId, "-");
  need(entryHash !== undefined && isMultihash58(entryHash) && /^[1-9][0-9]{0,15}$/.test(digits));
  const entry = { unsigned: members, versionId, entryHash, number: Number(digits), approvals: null };
  need(entry.number <= SAFE);
  await parseParameters(entry, members.get("parameters"));
  entry.time = strictTime(textOf(members, "versionTime"));
  need(members.get("state") instanceof Map);
  entry.did = parseDid(textOf(members.get("state"), "id"));
  entry.scid = entry.did.scid;
  need(entry.scid !== null && (entry.scidParameter === null || entry.scidParameter === entry.scid));
  entry.document = await Document.parse(members.get("state"), entry.did);
  need(Array.isArray(proofs) && proofs.length >= 1 && proofs.length <= 4);
  entry.proofs = await Promise.all(proofs.map(parseEntryProof));
  distinct(entry.proofs.map((proof) => proof.key.id));
  if (at >= 0) entry.approvals = await parseApprovals(body.slice(at + 1));
  return entry;
}

async function parseApprovals(line) {
  need(line.length <= 16_384 && !line.includes(0x0a) && !line.includes(0x0d));
  const value = parseJson(line, 16_384, 16);
  need(value instanceof Map && hasAll(value, ["versionId", "proof"]));
  const proofs = value.get("proof");
  need(Array.isArray(proofs) && proofs.length > 0);
  return { versionId: textOf(value, "versionId"), proofs: await Promise.all(proofs.map(parseEntryProof)) };
}

async function parseParameters(entry, value) {
  need(value instanceof Map);
  const first = entry.number === 1;
  const out = {};
  entry.scidParameter = null;
  for (const [name, item] of value) {
    if (name === "method") {
      need(item === "did:webvh:1.0");
    } else if (name === "scid") {
      need(first && typeof item === "string" && isMultihash58(item));
      entry.scidParameter = item;
    } else if (name === "updateKeys") {
      const keys = await Promise.all(texts(item).map(ed25519Multikey));
      out.updateKeys = distinct(keys.map((key) => key.id));
    } else if (name === "nextKeyHashes") {
      out.nextKeyHashes = distinct(texts(item));
      need(item.every(isMultihash58));
    } else if (name === "witness") {
      out.witness = await parseWitnessSet(item);
    } else if (name === "watchers") {
      need(distinct(texts(item)).every((url) => url.includes(":") && isVisible(url)));
    } else if (name === "portable" || name === "deactivated") {
      need(typeof item === "boolean" && !(name === "portable" && item && !first));
      out[name] = item;
    } else {
      need(name === "ttl" && isCount(item));
    }
  }
  if (first) need(value.has("method") && entry.scidParameter !== null && out.updateKeys?.length > 0);
  entry.parameters = out;
}

const hashOf = async (value) => multihash58(await sha256(utf8(canonical(value))));
const keyHash = async (id) =>
  multihash58(await sha256(utf8(`z${base58(concat([0xed, 0x01], decodeHex(id)))}`)));
const withVersion = (members, versionId) => new Map([...members, ["versionId", versionId]]);

function replaced(value, scid) {
  if (typeof value === "string") return value.replaceAll(scid, "{SCID}");
  if (Array.isArray(value)) return value.map((item) => replaced(item, scid));
  if (!(value instanceof Map)) return value;
  need(![...value.keys()].some((name) => name.includes(scid)));
  return new Map([...value].map(([name, item]) => [name, replaced(item, scid)]));
}

/** The state of a DID after `entry`, which must follow `head` (D2, D4 to D9, D11, D12). */
async function follow(head, entry, ledgerTime) {
  need(entry.number === (head ? head.number + 1 : 1));
  if (head) need(head.scid === entry.scid && !head.deactivated && head.updateKeys.length > 0);
  else need((await hashOf(replaced(withVersion(entry.unsigned, "{SCID}"), entry.scid))) === entry.scid);
  const predecessor = head ? head.versionId : entry.scid;
  need((await hashOf(withVersion(entry.unsigned, predecessor))) === entry.entryHash);
  need(!head || entry.time > head.time);
  need(entry.time <= Math.min(ledgerTime + TOLERANCE, LAST_SECOND));
  const authorized = await authorizedKeys(head, entry);
  for (const proof of entry.proofs) {
    need(authorized.includes(proof.key.id));
    await checkEntryProof(proof, entry.unsigned, ledgerTime);
  }
  const own = entry.parameters;
  if (head && head.did.text !== entry.did.text) {
    const names = entry.document.value.get("alsoKnownAs");
    need(head.portable && own.portable !== false && Array.isArray(names) && names.includes(head.did.text));
  }
  const prior = head?.witness ?? NOBODY;
  const witness = own.witness ?? prior;
  await checkWitnesses(prior.keys.length > 0 ? prior : witness, entry, ledgerTime);
  return {
    number: entry.number,
    time: entry.time,
    scid: entry.scid,
    versionId: entry.versionId,
    did: entry.did,
    document: entry.document,
    updateKeys: own.updateKeys ?? head?.updateKeys ?? [],
    nextKeyHashes: own.nextKeyHashes ?? head?.nextKeyHashes ?? [],
    portable: own.portable ?? head?.portable ?? false,
    deactivated: own.deactivated ?? false,
    home: entry.document.ledgerLog ?? head?.home ?? null,
    witness,
  };
}

async function authorizedKeys(head, entry) {
  const own = entry.parameters.updateKeys;
  if (!head) return own;
  if (head.nextKeyHashes.length === 0) return head.updateKeys;
  need(own?.length > 0 && entry.parameters.nextKeyHashes !== undefined);
  for (const id of own) need(head.nextKeyHashes.includes(await keyHash(id)));
  return own;
}

async function checkWitnesses(approving, entry, now) {
  if (approving.keys.length === 0) {
    need(entry.approvals === null);
    return;
  }
  need(entry.approvals !== null && entry.approvals.versionId === entry.versionId);
  const document = new Map([["versionId", entry.versionId]]);
  for (const proof of entry.approvals.proofs) await checkEntryProof(proof, document, now);
  const approved = new Set(entry.approvals.proofs.map((proof) => proof.key.id));
  need(approving.keys.filter((id) => approved.has(id)).length >= approving.threshold);
}

// -------------------------------------------------------------------------------------------------------------------
// Signed entries (sections 2.2 and 2.3).

const hashParts = (label, kind, parts) => sha256(utf8([label, kind, ...parts].join("\n")));

/** A payload that is read member by member; what is left at the end is unknown. */
class Members {
  constructor(value) {
    need(value instanceof Map);
    this.left = new Map(value);
  }

  take(name) {
    const value = this.left.get(name);
    this.left.delete(name);
    return value;
  }

  text(name, limit) {
    const text = this.take(name);
    need(typeof text === "string" && text.length >= 1 && text.length <= limit && isVisible(text));
    return text;
  }

  integer(name, least = 0) {
    const value = this.take(name);
    need(isCount(value) && value >= least);
    return value;
  }

  time(name) {
    const value = this.integer(name);
    need(value <= LAST_SECOND);
    return value;
  }

  digest(name) {
    const text = this.text(name, 43);
    decodeB64u(text, 32);
    return text;
  }
}

/** What each kind says beside `iss`, `aud` and `iat`; gives the parts of the entry id, and notes those of its map key. */
const CLAIMS = {
  issuance(entry, members) {
    entry.com = members.digest("com");
    return [entry.scid, entry.com];
  },
  countersignature(entry, members) {
    entry.com = members.digest("com");
    entry.act = members.digest("act");
    entry.seq = members.integer("seq", 1);
    entry.mapParts = [entry.scid, entry.act];
    return [entry.scid, entry.act, String(entry.seq), entry.com];
  },
  status(entry, members) {
    const uri = members.text("uri", 512);
    need(uri.startsWith("https://"));
    const host = uri.slice(8).split(/[/?#]/)[0];
    need(host !== "" && !host.includes("@"));
    const form = members.text("list", 16);
    need(["bitstring", "token-jwt", "token-cwt"].includes(form));
    if (form === "bitstring") need(/^[a-z]{1,32}$/.test(members.text("purpose", 32)));
    entry.seq = members.integer("seq", 1);
    entry.mapParts = [entry.scid, uri];
    members.digest("dig");
    members.integer("len");
    const span = -members.time("nbf") + members.time("exp");
    need(span >= 1 && span <= 366 * 86_400);
    return [entry.scid, uri, String(entry.seq)];
  },
  trust(entry, members) {
    const statement = members.text("type", 16);
    need(["authorization", "recognition"].includes(statement));
    const [entity, action] = [members.text("entityId", 512), members.text("action", 64)];
    need(/^did:[a-z0-9]+:[A-Za-z0-9._:%-]+$/.test(entity) && !entity.endsWith(":"));
    const [resource, operation] = [members.text("resource", 256), members.text("op", 8)];
    need(["grant", "end", "void"].includes(operation));
    if (operation === "void") members.time("since");
    entry.seq = members.integer("seq", 1);
    const start = members.time("nbf");
    const end = members.left.has("exp") ? members.time("exp") : null;
    if (members.left.has("dig")) members.digest("dig");
    need(end === null || end > start);
    if (action === "key-compromised") {
      const url = parseDidUrl(resource);
      need(entity === entry.issuer && url.did.text === entry.issuer && url.isKey);
      need(operation === "grant" && end === null);
    }
    entry.mapParts = [entry.scid, statement, entity, action, resource];
    return [...entry.mapParts, String(entry.seq)];
  },
  anchor(entry, members) {
    const [scope, mediaType] = [members.text("scope", 16), members.text("mt", 127)];
    need(["document", "firmware", "dataset", "model", "other"].includes(scope));
    need(/^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/.test(mediaType));
    need(members.left.has("dig") !== members.left.has("com"));
    if (members.left.has("dig")) {
      entry.dig = members.digest("dig");
      if (members.left.has("len")) members.integer("len");
    } else {
      entry.com = members.digest("com");
    }
    entry.mediaType = mediaType;
    if (members.left.has("n")) entry.records = members.integer("n", 1);
    return [entry.scid, scope, entry.dig ?? entry.com];
  },
  once(entry, members) {
    const [id, scope] = [members.digest("id"), members.text("scope", 64)];
    entry.seq = 1;
    entry.mapParts = [scope, id];
    return [entry.scid, scope, id];
  },
};

/** An entry whose form is right; its signature is not checked yet. */
function parseSignedEntry(kind, body) {
  need(body.length <= 4_096);
  const parts = decodeUtf8(body).split(".");
  need(parts.length === 3);
  const [headerBytes, payload, signature] = parts.map((part) => decodeB64u(part));
  const header = parseJson(headerBytes, 4_096);
  need(header instanceof Map && hasAll(header, ["alg", "typ", "kid"]) && parts[0].length <= 1_024);
  const alg = textOf(header, "alg");
  need(["EdDSA", "Ed25519", "ES256"].includes(alg) && signature.length === 64);
  need(textOf(header, "typ") === `inkan-${kind}+jwt`);
  const kid = textOf(header, "kid");
  need(utf8(kid).length <= 512);
  const url = parseDidUrl(kid);
  need(url.isKey && url.did.scid !== null && Object.hasOwn(CLAIMS, kind));
  const members = new Members(parseJson(payload, 4_096, 16));
  const entry = { kind, kid, issuer: url.did.text, scid: url.did.scid, signature };
  entry.input = utf8(`${parts[0]}.${parts[1]}`);
  entry.algorithm = alg === "ES256" ? "ES256" : "EdDSA";
  const issuer = members.text("iss", 512);
  entry.audience = members.text("aud", 64);
  entry.issuedAt = members.time("iat");
  entry.idParts = CLAIMS[kind](entry, members);
  need(members.left.size === 0 && issuer === entry.issuer);
  return entry;
}

async function isSignedUnder(entry, document) {
  const key = document.did.text === entry.issuer ? document.keyFor(entry.kid) : undefined;
  return key?.algorithm === entry.algorithm && key.verifies(entry.input, entry.signature);
}

const commitment = (kind, scid, salt, digest) => sha256(utf8(`inkan-commit/v1\n${kind}\n${scid}\n`), salt, digest);

/** V11. Without the record, its place in a batch is not checked. */
async function checkOpening(entry, opening, artefact) {
  const { digest } = artefact;
  if (digest !== undefined && !same(opening.digest, await digestOf(opening, digest))) refuse("digest-mismatch");
  const { record } = opening;
  let { salt } = opening;
  if (record !== undefined) {
    await digestOf(opening, opening.digest);
    if (entry.mediaType !== RECORD_ROOT || entry.records !== record.size) refuse("opening-invalid");
    salt = record.salt;
  } else if (ROOTS.includes(entry.mediaType?.toLowerCase())) {
    // A root is the SHA-256 of 65 bytes, which would pass for a file.
    refuse("opening-invalid");
  }
  if (record !== undefined && salt === undefined) {
    if (entry.dig === undefined || !same(decodeB64u(entry.dig), opening.digest)) refuse("opening-invalid");
  } else {
    const expected = await commitment(entry.kind, entry.scid, salt, opening.digest);
    if (entry.com === undefined || !same(decodeB64u(entry.com), expected)) refuse("opening-invalid");
  }
  if (digest !== undefined && entry.act !== undefined && artefact.act !== entry.act) refuse("act-mismatch");
  return digest === undefined && record !== undefined ? "not-checked" : "pass";
}

/** What an entry commits to if the artefact has this digest: of a record, the root that its path leads to. */
async function digestOf(opening, digest) {
  const { record } = opening;
  if (record === undefined) return digest;
  const leaf = Uint8Array.of(...utf8("inkan-record/v1\n"), ...opening.salt, ...digest);
  const root = await rootOf(leaf, BigInt(record.index), BigInt(record.size), record.path);
  return root ?? refuse("opening-invalid");
}

// -------------------------------------------------------------------------------------------------------------------
// The map and current-proofs (sections 4 and 5.4).

const EMPTY = utf8("SPARSE_MERKLE_PLACEHOLDER_HASH__");
const LEAF_NODE = utf8("JMT::LeafNode");
const INNER_NODE = utf8("JMT::IntrnalNode");

async function mapKey(kind, parts) {
  need({ did: 1, countersignature: 2, status: 2, trust: 5, once: 2 }[kind] === parts.length);
  if (kind === "countersignature" || kind === "once") decodeB64u(parts[1], 32);
  if (kind === "trust") need(["authorization", "recognition"].includes(parts[1]));
  return hashParts("inkan-map/v1", kind, parts);
}

const bit = (key, position) => (key[position >> 3] >> (7 - (position & 7))) & 1;

async function mapRoot(pairs, depth = 0) {
  if (pairs.length === 0) return EMPTY;
  if (pairs.length === 1) return sha256(LEAF_NODE, ...pairs[0]);
  const half = (side) => mapRoot(pairs.filter(([key]) => bit(key, depth) === side), depth + 1);
  return sha256(INNER_NODE, await half(0), await half(1));
}

function parseMapProof(bytes) {
  need(bytes[0] === 1 && (bytes[1] === 0 || bytes[1] === 1));
  let [leaf, at] = [null, 2];
  if (bytes[1] === 1) {
    need(bytes.length >= 66);
    [leaf, at] = [[bytes.slice(2, 34), bytes.slice(34, 66)], 66];
  }
  need(bytes.length >= at + 2);
  const count = bytes[at] * 256 + bytes[at + 1];
  need(count <= 256);
  const bitmap = bytes.slice(at + 2, at + 2 + Math.ceil(count / 8));
  at += 2 + Math.ceil(count / 8);
  need(bytes.length >= at);
  const siblings = [];
  for (let position = 0; position < 8 * bitmap.length; position += 1) {
    const present = bit(bitmap, position);
    need(position < count || !present);
    if (position < count) {
      siblings.push(present ? bytes.slice(at, at + 32) : EMPTY);
      at += 32 * present;
      need(at <= bytes.length);
    }
  }
  need(at === bytes.length);
  return { leaf, siblings };
}

/** The hash of the value under `key`; null if there is none. */
async function mapLookup(proof, key, root) {
  const depth = proof.siblings.length;
  let [node, found] = [EMPTY, null];
  if (proof.leaf) {
    const [at, valueHash] = proof.leaf;
    for (let position = 0; position < depth; position += 1) need(bit(at, position) === bit(key, position));
    if (same(at, key)) found = valueHash;
    node = await sha256(LEAF_NODE, at, valueHash);
  }
  for (const [place, sibling] of proof.siblings.entries()) {
    const right = bit(key, depth - 1 - place);
    node = right ? await sha256(INNER_NODE, sibling, node) : await sha256(INNER_NODE, node, sibling);
  }
  need(same(node, root));
  return found;
}

function parseMapValue(bytes) {
  need(bytes.length === 51 && bytes[0] === 1 && bytes[1] < KINDS.length && !(bytes[2] & 0xe0));
  const kind = KINDS[bytes[1]];
  need(IN_MAP.includes(kind));
  const [seq, index] = [bigEndian(bytes.slice(3, 11)), bigEndian(bytes.slice(11, 19))];
  return { bytes, kind, flags: bytes[2], seq, index, leafHash: bytes.slice(19) };
}

async function parseCurrent(bytes) {
  const proof = await coded("malformed-receipt", () => {
    const value = parseJson(bytes, SIDECAR_LIMIT);
    need(value instanceof Map && hasOnly(value, ["type", "epoch", "proof", "map", "head", "value"]));
    need(textOf(value, "type") === "inkan-current/1");
    const epoch = { leaf: decodeB64u(textOf(value, "epoch")), proof: new Proof(textOf(value, "proof")) };
    const map = decodeB64u(textOf(value, "map"));
    need(value.has("head") === value.has("value"));
    if (!value.has("head")) return { epoch, map, head: null };
    return { epoch, map, head: decodeB64u(textOf(value, "head")), value: decodeB64u(textOf(value, "value")) };
  });
  if (proof.head !== null) proof.value = await coded("map-value-invalid", () => parseMapValue(proof.value));
  proof.map = await coded("map-proof-invalid", () => parseMapProof(proof.map));
  return proof;
}

/** The key of an entry in the map, and its sequence number there. */
async function standsUnder(leaf) {
  if (leaf.kind === "did") {
    const entry = await parseEntry(leaf.body);
    return { key: await mapKey("did", [entry.scid]), seq: entry.number };
  }
  const entry = parseSignedEntry(leaf.kind, leaf.body);
  return { key: await mapKey(leaf.kind, entry.mapParts), seq: entry.seq };
}

/** Gives the epoch leaf, and the newest entry's leaf or null. */
async function verifyCurrent(proof, kind, key, head) {
  const found = await included(proof.epoch, head);
  const epoch = await coded("malformed-leaf", () => {
    need(found.kind === "epoch");
    return parseEpoch(found.leaf.body);
  });
  if (found.index + 1n !== head.size) refuse("not-last-leaf");
  if (epoch.size !== found.index) refuse("malformed-leaf");
  const valueHash = await coded("map-proof-invalid", () => mapLookup(proof.map, key, epoch.map));
  if (proof.head === null) {
    if (valueHash !== null) refuse("map-value-invalid");
    return { found, leaf: null };
  }
  const { value } = proof;
  if (valueHash === null || !same(valueHash, await sha256(value.bytes)) || value.kind !== kind) {
    refuse("map-value-invalid");
  }
  const leaf = await coded("malformed-leaf", () => parseLeaf(proof.head));
  const fits = same(value.leafHash, await leafHash(proof.head)) && value.index < epoch.size && leaf.kind === kind;
  if (!fits) refuse("map-value-invalid");
  // The map is the operator's: it may lead to an entry of somebody else.
  await coded("map-value-invalid", async () => {
    const stands = await standsUnder(leaf);
    need(same(stands.key, key) && BigInt(stands.seq) === value.seq);
  });
  return { found, leaf };
}

// -------------------------------------------------------------------------------------------------------------------
// Who signed: V10, homes and moves (D14, section 6.6).

const placeOf = (found) => ({ origin: found.origin, index: found.index, time: found.leaf.time });

async function provedEntries(scid, request, policy, now) {
  const out = new Map();
  for (const bytes of request.history ?? []) {
    const sidecar = await coded("malformed-receipt", () => parseSidecar(bytes, request.checkpoints));
    const found = await included(sidecar, await verifyHead(sidecar.proof.note, policy, now));
    const entry = await coded("malformed-leaf", () => {
      need(found.kind === "did");
      return parseEntry(found.leaf.body);
    });
    if (entry.scid === scid) note(out, entry, placeOf(found));
  }
  return out;
}

function note(found, entry, place) {
  found.set(entry.number, [...(found.get(entry.number) ?? []), { entry, place }]);
}

/** The unbroken run of versions from the first on. */
async function chain(found) {
  const versions = [];
  for (let count = 1; found.has(count); count += 1) {
    const before = versions.at(-1);
    const left = before?.home ?? null;
    const places = [];
    let head;
    for (const { entry, place } of found.get(count)) {
      const next = await follow(before, entry, place.time);
      need(head === undefined || head.versionId === next.versionId);
      if (left === place.origin || next.home === null || next.home === place.origin) {
        const earlier = versions.flatMap((version) => version.places);
        need(!earlier.some((other) => other.origin === place.origin && other.index >= place.index));
        places.push(place);
      }
      head = next;
    }
    const shown = left === null || head.home === left || places.some((place) => place.origin === left);
    versions.push({ ...head, places, proved: shown && (before?.proved ?? true) });
  }
  return versions;
}

async function judgeDid(found, request, policy, now) {
  const own = await coded("malformed-leaf", () => parseEntry(found.leaf.body));
  const entries = await provedEntries(own.scid, request, policy, now);
  note(entries, own, placeOf(found));
  const versions = await coded("entry-signature-invalid", () => chain(entries));
  const id = hex(await hashParts("inkan-entry/v1", "did", [own.scid, own.versionId]));
  const facts = { entry: { id, versionId: own.versionId } };
  const version = versions[own.number - 1];
  if (version === undefined) return { outcome: "not-checked", facts };
  const here = (place) => place.origin === found.origin && place.index === found.index;
  if (!version.places.some(here)) refuse("not-home");
  return { outcome: version.proved ? "pass" : "not-checked", facts };
}

async function judgeSigned(found, entry, request, policy, now) {
  const id = hex(await hashParts("inkan-entry/v1", entry.kind, entry.idParts));
  const facts = { entry: { id, issuer: entry.issuer, kid: entry.kid, issuedAt: entry.issuedAt } };
  if (request.history === undefined) return { outcome: "not-checked", facts };
  const entries = await provedEntries(entry.scid, request, policy, now);
  const versions = await coded("entry-signature-invalid", () => chain(entries));
  let [pin, pinned] = [null, { leaf: null }];
  if (request.historyHead !== undefined) {
    pin = await parseCurrent(request.historyHead);
    const head = await verifyHead(pin.epoch.proof.note, policy, now);
    pinned = await verifyCurrent(pin, "did", await mapKey("did", [entry.scid]), head);
  }
  const { origin, index } = found;
  const before = (place) => place.origin === origin && place.index < index;
  const elsewhere = (version) => version.home !== null && version.home !== origin;
  const version = versions.findLast((each) => each.places.some(before));
  if (version === undefined) {
    if (versions.length > 0 && versions.every(elsewhere)) refuse("not-home");
    return { outcome: "not-checked", facts };
  }
  if (elsewhere(version)) refuse("not-home");
  // The pin counts if it is of this log, and considered the entry's own place.
  let [complete, unseen] = [false, false];
  if (pinned.leaf !== null && pinned.found.origin === origin && pinned.found.index > index) {
    complete = pin.value.seq <= BigInt(versions.length);
    unseen = !complete && pin.value.index < index;
  }
  // A version that is known to be in between, but does not follow from those at hand.
  const beyond = [...entries].filter(([count]) => count > versions.length).flatMap(([, all]) => all);
  unseen ||= beyond.some(({ place }) => before(place));
  const signed = !version.deactivated && (await isSignedUnder(entry, version.document));
  if (!signed && !unseen) refuse("entry-signature-invalid");
  facts.signer = { versionId: version.versionId, complete };
  return { outcome: version.proved && !unseen ? "pass" : "not-checked", facts };
}

// -------------------------------------------------------------------------------------------------------------------
// Inclusion promises (section 3.6).

function parsePromise(text) {
  const signed = new Note(text, 131_072);
  need(signed.text.endsWith("\n"));
  const [magic, origin, deadline, ...lines] = signed.text.slice(0, -1).split("\n");
  need(magic === "inkan-promise/v1" && deadline !== undefined && isOrigin(origin));
  const promise = { note: signed, origin, deadline: decimal(deadline), leaves: new Map(), last: -1n };
  for (const line of lines) {
    const [digits, encoded] = cut(line, " ");
    need(encoded !== undefined);
    const [index, leaf] = [decimal(digits), decodeB64(encoded)];
    need(index > promise.last && leaf.length === 32);
    promise.leaves.set(index, leaf);
    promise.last = index;
  }
  need(promise.leaves.size >= 1 && promise.leaves.size <= 1_000);
  return promise;
}

/** Whether something holds: false for whatever makes a check fail. */
async function holds(make) {
  try {
    return (await make()) !== false;
  } catch (error) {
    if (error instanceof Refused || error instanceof Malformed) return false;
    throw error;
  }
}

/** Whether a promised leaf is shown at its place; `keep` is told the head that shows it. */
const isKept = (promise, sidecar, policy, now, keep) =>
  holds(async () => {
    const head = await verifyHead(sidecar.proof.note, policy, now);
    const found = await included(sidecar, head);
    const promised = promise.leaves.get(found.index);
    const kept = found.origin === promise.origin && promised !== undefined && same(promised, found.hash);
    if (kept) keep(head);
    return kept;
  });

/** The log's own signature is enough: it is the log that is accused. */
async function isBrokenByLeaf(promise, sidecar, policy) {
  const { index, path, checkpoint, note: head } = sidecar.proof;
  const promised = promise.leaves.get(index);
  if (promised === undefined || same(promised, await leafHash(sidecar.leaf))) return false;
  if (checkpoint.origin !== promise.origin) return false;
  if (!(await holds(() => checkLog(head, promise.origin, policy)))) return false;
  return checkInclusion(sidecar.leaf, index, checkpoint.size, path, checkpoint.root);
}

/** More than half of the witnesses saw, after the deadline, a log that ends before what no quorum saw in time. */
const isBrokenByAbsence = (promise, head, inTime, policy, now) =>
  holds(async () => {
    const checkpoint = parseCheckpoint(head);
    const missing = [...promise.leaves.keys()].filter((index) => !inTime.has(index)).at(-1);
    if (missing === undefined || checkpoint.size > missing || checkpoint.origin !== promise.origin) return false;
    await checkLog(head, promise.origin, policy);
    const { stamps } = await cosignatures(head, policy, now);
    const late = stamps.filter(({ time }) => BigInt(time) > promise.deadline).length;
    return late * 2 > policy.witnesses.filter(({ key }) => key.type === 0x04).length;
  });

async function checkPromise(request, report) {
  const now = request.now ?? LAST_SECOND;
  const policy = await readPolicy(request, report);
  const [promise, sidecars, heads] = await report.trying(["form"], () =>
    coded("malformed-receipt", () => {
      const parsed = parsePromise(decodeUtf8(request.promise));
      const receipts = (request.receipts ?? []).map((bytes) => parseSidecar(bytes, undefined));
      const notes = (request.heads ?? []).map((bytes) => new Note(decodeUtf8(bytes)));
      notes.forEach(parseCheckpoint);
      return [parsed, receipts, notes];
    }),
  );
  await report.trying(["log"], () =>
    coded("malformed-receipt", () => checkLog(promise.note, promise.origin, policy)),
  );
  await report.trying(["promise"], async () => {
    const [remaining, inTime] = [new Set(promise.leaves.keys()), new Set()];
    for (const sidecar of sidecars) {
      if (await isBrokenByLeaf(promise, sidecar, policy)) refuse("promise-broken");
      await isKept(promise, sidecar, policy, now, ({ existedBy }) => {
        remaining.delete(sidecar.proof.index);
        if (existedBy !== null && BigInt(existedBy) <= promise.deadline) inTime.add(sidecar.proof.index);
      });
    }
    for (const head of heads) {
      if (await isBrokenByAbsence(promise, head, inTime, policy, now)) refuse("promise-broken");
    }
    if (remaining.size > 0) refuse("promise-pending");
  });
  const deadline = promise.deadline > BigInt(LAST_SECOND) ? LAST_SECOND : Number(promise.deadline);
  report.facts = { origin: promise.origin, deadline, promised: [...promise.leaves.keys()].map(number) };
}

// -------------------------------------------------------------------------------------------------------------------
// Evidence of broken rules (inkan-evidence/1): two halves that cannot both be, of one log or one DID.

/** Whether a larger tree begins with a smaller one (RFC 9162 section 2.1.4.2). */
async function begins(oldSize, oldRoot, newSize, newRoot, path) {
  if (oldSize === 0n || oldSize >= newSize) return false;
  const rest = [...path];
  let first = oldRoot;
  if (oldSize & (oldSize - 1n)) {
    if (rest.length === 0) return false;
    first = rest.shift();
  }
  let [fn, sn] = [oldSize - 1n, newSize - 1n];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let [fr, sr] = [first, first];
  for (const node of rest) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      [fr, sr] = [await sha256(ONE, node, fr), await sha256(ONE, node, sr)];
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = await sha256(ONE, sr, node);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && same(fr, oldRoot) && same(sr, newRoot);
}

function textsOf(value, name) {
  const found = value.get(name);
  need(Array.isArray(found) && found.every((item) => typeof item === "string"));
  return found;
}

function pairOf(value, name) {
  const found = textsOf(value, name);
  need(found.length === 2);
  return found;
}

async function evidenceReceipt(proof, leaf) {
  const parsed = await coded("malformed-receipt", () => new Proof(proof));
  return { proof: parsed, leaf: decodeB64u(leaf) };
}

function parseGrowth(value) {
  need(value instanceof Map && value.size === 2);
  const nodes = [textOf(value, "root"), ...textsOf(value, "path")].map(decodeB64);
  need(nodes.every((node) => node.length === 32) && nodes.length <= 127);
  return nodes;
}

async function parseEvidence(bytes) {
  const value = parseJson(bytes, 8 << 20);
  need(value instanceof Map && textOf(value, "type") === "inkan-evidence/1");
  const has = (...names) => hasAll(value, ["type", ...names]);
  if (has("promise", "proof", "leaf")) {
    const sidecar = await evidenceReceipt(textOf(value, "proof"), textOf(value, "leaf"));
    return { form: "promise", sidecar, promise: textOf(value, "promise") };
  }
  if (has("promise", "checkpoint")) {
    return { form: "promise", head: new Note(textOf(value, "checkpoint")), promise: textOf(value, "promise") };
  }
  if (has("notes") || has("notes", "growth")) {
    const notes = pairOf(value, "notes");
    const growth = value.has("growth") ? parseGrowth(value.get("growth")) : undefined;
    return { form: "notes", growth, notes: notes.map((text) => new Note(text)) };
  }
  if (has("proofs", "leaves")) {
    const [proofs, leaves] = [pairOf(value, "proofs"), pairOf(value, "leaves")];
    const receipts = [];
    for (const at of [0, 1]) receipts.push(await evidenceReceipt(proofs[at], leaves[at]));
    return { form: "leaves", receipts, notes: receipts.map(({ proof }) => proof.note) };
  }
  need(has("history", "entries"));
  return { form: "did", entries: pairOf(value, "entries"), history: textsOf(value, "history") };
}

/** Checks each half by itself. */
async function checkHalves(evidence, policy, now) {
  if (evidence.form === "promise") {
    await coded("malformed-receipt", async () => {
      evidence.promise = parsePromise(evidence.promise);
      await checkLog(evidence.promise.note, evidence.promise.origin, policy);
      const head = evidence.sidecar?.proof.note ?? evidence.head;
      await checkLog(head, parseCheckpoint(head).origin, policy);
    });
  } else if (evidence.form === "did") {
    await coded("entry-signature-invalid", async () => {
      const next = async (head, body) => follow(head, await parseEntry(utf8(body)), now);
      let head;
      for (const body of evidence.history) head = await next(head, body);
      evidence.versions = [await next(head, evidence.entries[0]), await next(head, evidence.entries[1])];
    });
  } else {
    evidence.heads = [];
    for (const signed of evidence.notes) {
      await coded("malformed-receipt", async () => {
        const checkpoint = parseCheckpoint(signed);
        await checkLog(signed, checkpoint.origin, policy);
        evidence.heads.push(checkpoint);
      });
    }
    for (const [at, { proof, leaf }] of (evidence.receipts ?? []).entries()) {
      const { size, root } = evidence.heads[at];
      if (!(await checkInclusion(leaf, proof.index, size, proof.path, root))) refuse("inclusion-invalid");
    }
  }
}

/** What the halves prove together. */
async function provenBy(evidence, policy, now) {
  const contradiction = (found) => found || refuse("ledger-evidence-proves-nothing");
  const { form, promise, sidecar } = evidence;
  if (form === "promise") {
    const broken = sidecar
      ? isBrokenByLeaf(promise, sidecar, policy)
      : isBrokenByAbsence(promise, evidence.head, new Set(), policy, now);
    contradiction(await broken);
    const index = sidecar?.proof.index ?? [...promise.leaves.keys()].at(-1);
    const deadline = promise.deadline > BigInt(LAST_SECOND) ? LAST_SECOND : Number(promise.deadline);
    return { proves: "promise-broken", log: promise.origin, index: number(index), deadline };
  }
  if (form === "did") {
    const [one, other] = evidence.versions;
    contradiction(one.scid === other.scid && one.versionId !== other.versionId);
    const versionIds = [one.versionId, other.versionId];
    return { proves: "did-equivocation", scid: one.scid, number: one.number, versionIds };
  }
  const [one, other] = evidence.heads;
  let differ;
  if (form === "leaves") {
    const [first, second] = evidence.receipts;
    differ = first.proof.index === second.proof.index && !same(first.leaf, second.leaf);
  } else if (evidence.growth === undefined) {
    differ = one.size === other.size && !same(one.root, other.root);
  } else {
    const [root, ...path] = evidence.growth;
    differ = !same(root, one.root) && (await begins(one.size, root, other.size, other.root, path));
  }
  contradiction(differ && one.origin === other.origin);
  const witnesses = await cosignedBoth(evidence.notes, policy, now);
  return { proves: "split-view", log: one.origin, sizes: [number(one.size), number(other.size)], witnesses };
}

/** Names of those that cosigned both; a line that does not verify accuses nobody, and shields nobody else. */
async function cosignedBoth(notes, policy, now) {
  const stamped = async (signed, key) => {
    for (const { name, id, signature } of signed.signatures) {
      if (key.type !== 0x04 || name !== key.name || id !== key.id || signature.length !== 72) continue;
      const stamp = bigEndian(signature.slice(0, 8));
      const time = stamp > BigInt(LAST_SECOND) ? LAST_SECOND : Number(stamp);
      if (stamp === 0n || stamp >= 1n << 63n || time > Math.min(now + TOLERANCE, LAST_SECOND)) continue;
      const message = utf8(`cosignature/v1\ntime ${stamp}\n${signed.text}`);
      if (await key.key.verifies(message, signature.slice(8))) return true;
    }
    return false;
  };
  const both = [];
  for (const { name, key } of policy.witnesses) {
    if ((await stamped(notes[0], key)) && (await stamped(notes[1], key))) both.push(name);
  }
  return sortedByBytes(both);
}

async function checkEvidence(request, report) {
  const now = request.now ?? LAST_SECOND;
  const policy = await readPolicy(request, report);
  const evidence = await report.trying(["form"], () =>
    coded("ledger-evidence-malformed", () => parseEvidence(request.evidence)),
  );
  await report.trying(["halves"], () => checkHalves(evidence, policy, now));
  report.facts = await report.trying(["contradiction"], () => provenBy(evidence, policy, now));
}

// -------------------------------------------------------------------------------------------------------------------
// COSE receipts (section 5.6, RFC 9942): only the one encoding that the ledger writes.

function cborHead(major, value) {
  const number = BigInt(value);
  if (number < 24n) return Uint8Array.of((major << 5) | Number(number));
  const [code, size] = [[24, 1], [25, 2], [26, 4], [27, 8]].find(([, width]) => number < 1n << BigInt(8 * width));
  return concat([(major << 5) | code], decodeHex(number.toString(16).padStart(2 * size, "0")));
}

const cborInteger = (value) => (value >= 0 ? cborHead(0, value) : cborHead(1, -1 - value));
const cborBytes = (bytes) => concat(cborHead(2, bytes.length), bytes);
const cborText = (text) => concat(cborHead(3, utf8(text).length), utf8(text));
const cborArray = (...items) => concat(cborHead(4, items.length), ...items);

class CborReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  take(size) {
    need(this.at + size <= this.bytes.length);
    this.at += size;
    return this.bytes.slice(this.at - size, this.at);
  }

  /** The argument of an item of this major type, as a BigInt. */
  head(major) {
    const [first] = this.take(1);
    need(first >> 5 === major && (first & 31) < 28);
    const more = first & 31;
    return more < 24 ? BigInt(more) : bigEndian(this.take(1 << (more - 24)));
  }

  sized(major) {
    const size = this.head(major);
    need(size <= BigInt(this.bytes.length));
    return this.take(Number(size));
  }

  fixed(...bytes) {
    need(same(this.take(bytes.length), bytes));
  }
}

function parseCose(bytes) {
  need(bytes.length <= 4_096);
  const outer = new CborReader(bytes);
  // Tag 18, an array of four.
  outer.fixed(0xd2, 0x84);
  const protectedBytes = outer.sized(2);
  outer.fixed(0xa1, ...cborInteger(396), 0xa1, ...cborInteger(-1), 0x81);
  const proof = outer.sized(2);
  outer.fixed(0xf6);
  const signature = outer.sized(2);
  need(outer.at === bytes.length);
  const header = new CborReader(protectedBytes);
  // {1: -7, 4: kid, 15: {1: origin}, 395: 1}
  header.fixed(0xa4, 0x01, 0x26, 0x04);
  const kid = header.sized(2);
  header.fixed(0x0f, 0xa1, 0x01);
  const origin = decodeUtf8(header.sized(3));
  const inner = new CborReader(proof);
  inner.fixed(0x83);
  const [size, index, length] = [inner.head(0), inner.head(0), inner.head(4)];
  need(length <= BigInt(proof.length));
  const path = Array.from({ length: Number(length) }, () => inner.sized(2));
  need(index < size && size < 1n << 63n && path.every((node) => node.length === 32));
  if (path.length === 0) refuse("not-exported");
  need(isOrigin(origin) && kid.length >= 1 && kid.length <= 64 && path.length <= 63);
  const claims = concat([0xa1, 0x01], cborText(origin));
  const expected = concat([0xa4, 0x01, 0x26, 0x04], cborBytes(kid), [0x0f], claims, cborInteger(395), [0x01]);
  need(same(protectedBytes, expected));
  const again = cborArray(cborInteger(size), cborInteger(index), cborArray(...path.map(cborBytes)));
  const vdp = concat([0xa1], cborInteger(396), [0xa1], cborInteger(-1), cborArray(cborBytes(again)));
  need(same(bytes, concat([0xd2, 0x84], cborBytes(protectedBytes), vdp, [0xf6], cborBytes(signature))));
  return { protectedBytes, origin, kid, size, index, path, signature };
}

async function checkCose(request, report) {
  const receipt = await report.trying(["form"], () => coded("malformed-receipt", () => parseCose(request.cose)));
  const root = await report.trying(["inclusion", "log"], async () => {
    const found = await rootOf(request.leaf, receipt.index, receipt.size, receipt.path);
    if (found === null) refuse("inclusion-invalid");
    const parts = [cborText("Signature1"), cborBytes(receipt.protectedBytes), cborBytes([]), cborBytes(found)];
    const { key } = request;
    const good = key.algorithm === "ES256" && (await key.verifies(cborArray(...parts), receipt.signature));
    if (!good) refuse("log-signature-invalid");
    return found;
  });
  const { origin, size, index, kid } = receipt;
  const leaf = hex(await leafHash(request.leaf));
  report.facts = { origin, size: number(size), index: number(index), root: hex(root), kid: hex(kid), leafHash: leaf };
}

// -------------------------------------------------------------------------------------------------------------------
// Operator events: parameters documents (section 2.4).

const VALUES = ["iatPast", "iatFuture", "listMin", "compromiseBackdating", "promise", "notice", "importMax"];
const DETAILS = {
  genesis: [],
  announced: [],
  applied: [],
  "clock-accepted": ["step"],
  "guard-adopted": ["size", "root"],
};

/** A parameters document: closed, and in the one canonical form. */
function parseDocument(bytes) {
  const value = parseJson(bytes, 16_384);
  need(value instanceof Map && same(utf8(canonical(value)), bytes));
  const members = ["type", "previous", "event", "detail", "rules", "values"];
  need(hasAll(value, value.has("next") ? [...members, "next"] : members));
  need(textOf(value, "type") === "inkan-params/1" && value.get("rules") === 1);
  const previous = value.get("previous") === null ? null : decodeB64u(textOf(value, "previous"), 32);
  const event = textOf(value, "event");
  const detail = value.get("detail");
  need(Object.hasOwn(DETAILS, event) && detail instanceof Map && hasAll(detail, DETAILS[event]));
  for (const [name, item] of detail) {
    if (name === "root") decodeB64u(textOf(detail, name), 32);
    else need(isCount(item));
  }
  checkValues(value.get("values"));
  const next = value.get("next");
  if (next !== undefined) {
    need(next instanceof Map && hasAll(next, ["rules", "values", "notBefore"]) && next.get("rules") === 1);
    need(isCount(next.get("notBefore")) && next.get("notBefore") <= LAST_SECOND);
    checkValues(next.get("values"));
  }
  return { value, previous, event, values: value.get("values"), next };
}

function checkValues(value) {
  need(value instanceof Map && hasAll(value, [...VALUES, "kinds"]));
  need(VALUES.every((name) => isCount(value.get(name))));
  const kinds = value.get("kinds");
  need(Array.isArray(kinds) && kinds.every((kind) => KINDS.slice(1).includes(kind)));
  need(kinds.every((kind, at) => at === 0 || kinds[at - 1] < kind));
}

const alike = (one, other) =>
  one === other || (one !== undefined && other !== undefined && canonical(one) === canonical(other));

/** Whether a document may follow another, whose digest is given, in an epoch leaf of this time. */
function mayFollow(document, before, digest, time) {
  const { event, next } = document;
  if (document.previous === null || !same(document.previous, digest) || event === "genesis") return false;
  const unchanged = alike(document.values, before.values);
  if (event === "announced") {
    const notice = Math.min(time + before.values.get("notice"), LAST_SECOND);
    return unchanged && next !== undefined && next.get("notBefore") >= notice;
  }
  if (event === "applied") {
    const announced = before.next;
    if (announced === undefined || next !== undefined) return false;
    return alike(document.values, announced.get("values")) && time >= announced.get("notBefore");
  }
  return unchanged && alike(next, before.next);
}

async function checkParameters(request, report) {
  const policy = await readPolicy(request, report);
  const epochs = await report.trying(EPOCH_CHECKS, async () => {
    const out = [];
    for (const bytes of request.receipts) out.push(await epochOf(bytes, policy, request.now ?? LAST_SECOND));
    return out;
  });
  const events = [];
  let before;
  await report.trying(["parameters"], () =>
    coded("params-invalid", async () => {
      need(epochs.length > 0 && request.documents.length === epochs.length);
      for (const [at, bytes] of request.documents.entries()) {
        const [{ found, epoch }, document, digest] = [epochs[at], parseDocument(bytes), await sha256(bytes)];
        need(same(epoch.params, digest));
        if (before === undefined) {
          need(found.index === 0n && document.event === "genesis");
          need(document.previous === null && document.next === undefined);
        } else {
          need(before.found.index < found.index && before.found.origin === found.origin);
          need(mayFollow(document, before.document, before.digest, found.leaf.time));
        }
        before = { found, document, digest };
        const place = { index: number(found.index), leafTime: found.leaf.time };
        events.push({ event: document.event, digest: hex(digest), ...place });
      }
    }),
  );
  const { found, document } = before;
  const shown = (value) => (value === undefined ? null : JSON.parse(canonical(value)));
  report.facts = { origin: found.origin, values: shown(document.values), next: shown(document.next), events };
}

async function epochOf(bytes, policy, now) {
  const sidecar = await coded("malformed-receipt", () => parseSidecar(bytes, undefined));
  const head = await verifyHead(sidecar.proof.note, policy, now);
  const found = await included(sidecar, head);
  const epoch = await coded("malformed-leaf", () => {
    need(found.kind === "epoch");
    const parsed = parseEpoch(found.leaf.body);
    need(parsed.size === found.index);
    return parsed;
  });
  return { found, epoch };
}

// -------------------------------------------------------------------------------------------------------------------
// Requests and answers.

const CHECK_OF = {
  "policy-invalid": "policy",
  "unknown-log": "log",
  "log-signature-invalid": "log",
  "cosignature-invalid": "cosigners",
  "cosignature-in-future": "cosigners",
  "quorum-not-met": "quorum",
  "inclusion-invalid": "inclusion",
  "malformed-leaf": "leaf",
  "time-inconsistent": "leaf",
  "not-last-leaf": "leaf",
  "entry-signature-invalid": "entry",
  "not-home": "entry",
  "digest-mismatch": "opening",
  "opening-invalid": "opening",
  "act-mismatch": "opening",
  "act-superseded": "opening",
  stale: "age",
  "map-proof-invalid": "map",
  "map-value-invalid": "map",
  "params-invalid": "parameters",
  "promise-broken": "promise",
  "promise-pending": "promise",
};

const HEAD_CHECKS = ["log", "cosigners", "quorum"];
const RECEIPT_CHECKS = ["policy", "form", ...HEAD_CHECKS, "inclusion", "leaf", "entry", "opening", "age"];
const EPOCH_CHECKS = ["form", ...HEAD_CHECKS, "inclusion", "leaf"];
const CURRENT_CHECKS = ["policy", "form", ...HEAD_CHECKS, "inclusion", "leaf", "map", "opening", "age"];

class Report {
  constructor(checks) {
    this.checks = Object.fromEntries(checks.map((name) => [name, "skipped"]));
    this.tried = [];
    this.facts = {};
  }

  /** Makes checks that belong together, in this order. */
  async trying(checks, make) {
    this.tried = checks;
    const made = await make();
    for (const check of checks) this.checks[check] = "pass";
    this.tried = [];
    return made;
  }

  failed(code) {
    // What is tried alone is what failed, whatever its code.
    const alone = ["entry", "halves", "contradiction"].includes(this.tried[0]);
    const check = alone ? this.tried[0] : (CHECK_OF[code] ?? "form");
    const at = this.tried.indexOf(check);
    for (const held of this.tried.slice(0, Math.max(at, 0))) this.checks[held] = "pass";
    if (check in this.checks) this.checks[check] = "fail";
    return { ok: false, code, checks: this.checks };
  }

  held() {
    return { ok: true, checks: this.checks, ...this.facts };
  }
}

const readPolicy = (request, report) =>
  report.trying(["policy"], () => coded("policy-invalid", () => Policy.parse(request.policy)));

async function checkReceipt(request, report) {
  const now = request.now ?? LAST_SECOND;
  const policy = await readPolicy(request, report);
  const sidecar = await report.trying(["form"], () =>
    coded("malformed-receipt", () =>
      request.leaf === undefined
        ? parseSidecar(request.receipt, request.checkpoints)
        : { leaf: request.leaf, proof: new Proof(decodeUtf8(request.receipt)) },
    ),
  );
  const head = await report.trying(HEAD_CHECKS, () => verifyHead(sidecar.proof.note, policy, now));
  const found = await report.trying(["inclusion", "leaf"], async () => {
    const leaf = await included(sidecar, head);
    await coded("malformed-leaf", () => expectLeaf(leaf, request.kind));
    return leaf;
  });
  // Whatever fails here is the check of the entry, also a receipt of the history.
  report.tried = ["entry"];
  let [entry, judged] = [undefined, { outcome: "skipped", facts: {} }];
  if (found.kind === "did") {
    judged = await judgeDid(found, request, policy, now);
  } else if (found.kind !== "epoch") {
    entry = await coded("entry-signature-invalid", () => {
      const parsed = parseSignedEntry(found.kind, found.leaf.body);
      need(parsed.audience === found.origin);
      return parsed;
    });
    judged = await judgeSigned(found, entry, request, policy, now);
  }
  report.checks.entry = judged.outcome;
  report.tried = [];
  const given = request.opening;
  const opening = given === undefined ? sidecar.opening : await coded("malformed-receipt", () => parseOpening(given));
  if (opening !== undefined) {
    if (entry === undefined) refuse("opening-invalid");
    report.checks.opening = await checkOpening(entry, opening, request);
  } else if (request.digest !== undefined) {
    report.checks.opening = "not-checked";
  }
  checkAge(request, head, report);
  report.facts = { ...headFacts(head), ...leafFacts(found), ...judged.facts };
}

/** V12. */
function checkAge(request, head, report) {
  if (request.maxAge === undefined) return;
  if (head.freshAt === null || head.freshAt < request.now - request.maxAge) refuse("stale");
  report.checks.age = "pass";
}

async function expectLeaf(found, kind) {
  need(kind === undefined || kind === found.kind);
  if (found.kind === "did") await parseEntry(found.leaf.body);
  if (found.kind === "epoch") {
    const epoch = parseEpoch(found.leaf.body);
    if (kind === "epoch" && found.index + 1n !== found.head.size) refuse("not-last-leaf");
    need(epoch.size === found.index);
  }
}

async function checkCurrent(request, report) {
  const now = request.now ?? LAST_SECOND;
  const policy = await readPolicy(request, report);
  const key = await coded("map-proof-invalid", () => mapKey(request.kind, request.parts));
  const proof = await report.trying(["form"], () => parseCurrent(request.proof));
  const head = await report.trying(HEAD_CHECKS, () => verifyHead(proof.epoch.proof.note, policy, now));
  const { found, leaf } = await report.trying(["inclusion", "leaf", "map"], () =>
    verifyCurrent(proof, request.kind, key, head),
  );
  if (request.digest !== undefined && request.opening !== undefined) {
    const opening = await coded("malformed-receipt", () => parseOpening(request.opening));
    try {
      need(leaf !== null);
      await checkOpening(parseSignedEntry(request.kind, leaf.body), opening, request);
    } catch (error) {
      if (error instanceof Malformed || error instanceof Refused) refuse("act-superseded");
      throw error;
    }
    report.checks.opening = "pass";
  }
  checkAge(request, head, report);
  const { value } = proof;
  const shown = leaf && {
    kind: leaf.kind,
    index: number(value.index),
    seq: number(value.seq),
    flags: value.flags,
    leafHash: hex(value.leafHash),
    leafTime: { time: leaf.time, basis: "claimed" },
  };
  report.facts = { ...headFacts(head), ...leafFacts(found), head: shown };
}

/** The root after each leaf: complete subtrees are joined like the digits of a binary counter. */
async function treeRoots(leaves) {
  const [roots, stack] = [[], []];
  for (const [place, leaf] of leaves.entries()) {
    let node = leaf;
    for (let size = place + 1; size % 2 === 0; size /= 2) node = await sha256(ONE, stack.pop(), node);
    stack.push(node);
    let root = node;
    for (const left of stack.slice(0, -1).reverse()) root = await sha256(ONE, left, root);
    roots.push(hex(root));
  }
  return roots;
}

async function primitive(request) {
  switch (request.of) {
    case "leaf-hash":
      return hex(await leafHash(fileOf(request, "leaf")));
    case "commitment": {
      const digest = decodeHex(request.digest);
      return hex(await commitment(request.kind, request.scid, fileOf(request, "salt"), digest));
    }
    case "map-key":
      return hex(await mapKey(request.kind, request.parts));
    case "map-root": {
      const pairs = request.heads.map(async (head) => [
        await mapKey(head.kind, head.parts),
        await sha256(parseMapValue(fileOf(head, "value")).bytes),
      ]);
      return hex(await mapRoot(await Promise.all(pairs)));
    }
    case "tree-roots":
      return treeRoots(request.leafHashes.map(decodeHex));
    default:
      throw new Malformed();
  }
}

/** The bytes of a file: its text, or {"b64": …}. */
function fileOf(request, name) {
  const value = request[name];
  if (typeof value === "string") return utf8(value);
  try {
    need(typeof value?.b64 === "string" && Object.keys(value).length === 1);
    return decodeB64(value.b64);
  } catch {
    throw new RequestError(name);
  }
}

/** JSON values of a request as the strict parser gives them. */
const asParsed = (value) => parseJson(utf8(JSON.stringify(value)), SIDECAR_LIMIT);

const FILES = ["policy", "receipt", "leaf", "proof", "promise", "historyHead", "cose", "evidence"];
const LISTS = ["history", "receipts", "heads", "documents"];

/** Reads a request; members that are left out are undefined. */
function readRequest(request, needed, optional) {
  const out = {};
  const wrong = (name) => {
    throw new RequestError(name);
  };
  for (const name of Object.keys(request)) {
    if (name !== "check" && ![...needed, ...optional].includes(name)) wrong(name);
  }
  for (const name of [...needed, ...optional]) {
    const value = request[name];
    if (value === undefined) {
      if (needed.includes(name)) wrong(name);
    } else if (FILES.includes(name)) {
      out[name] = fileOf(request, name);
    } else if (LISTS.includes(name)) {
      out[name] = value.map((item) => fileOf({ [name]: item }, name));
    } else {
      out[name] = value;
    }
  }
  for (const name of ["now", "maxAge"]) {
    if (out[name] !== undefined && !(isCount(out[name]) && out[name] <= LAST_SECOND)) wrong(name);
  }
  if (out.maxAge !== undefined && out.now === undefined) wrong("now");
  if (out.kind !== undefined && !KINDS.includes(out.kind)) wrong("kind");
  if (out.historyHead !== undefined && out.history === undefined) wrong("history");
  try {
    if (out.digest !== undefined) out.digest = decodeB64u(out.digest, 32);
    if (out.act !== undefined) decodeB64u(out.act, 32);
    if (out.opening !== undefined) out.opening = asParsed(out.opening);
  } catch {
    wrong("digest");
  }
  return out;
}

const ARTEFACT = ["now", "maxAge", "digest", "act", "opening"];

/** Answers one request; the answer is the same as the Rust and Python verifiers give. */
export async function check(request) {
  let [read, report, make] = [];
  if (request.check === "receipt") {
    const optional = [...ARTEFACT, "leaf", "checkpoints", "kind", "history", "historyHead"];
    read = readRequest(request, ["policy", "receipt"], optional);
    [report, make] = [new Report(RECEIPT_CHECKS), checkReceipt];
  } else if (request.check === "current") {
    read = readRequest(request, ["policy", "proof", "kind", "parts"], ARTEFACT);
    [report, make] = [new Report(CURRENT_CHECKS), checkCurrent];
  } else if (request.check === "promise") {
    read = readRequest(request, ["policy", "promise"], ["now", "receipts", "heads"]);
    [report, make] = [new Report(["policy", "form", "log", "promise"]), checkPromise];
  } else if (request.check === "parameters") {
    read = readRequest(request, ["policy", "documents", "receipts"], ["now"]);
    [report, make] = [new Report(["policy", ...EPOCH_CHECKS, "parameters"]), checkParameters];
  } else if (request.check === "evidence") {
    read = readRequest(request, ["policy", "evidence"], ["now"]);
    [report, make] = [new Report(["policy", "form", "halves", "contradiction"]), checkEvidence];
  } else if (request.check === "cose") {
    read = readRequest(request, ["cose", "leaf", "key"], []);
    [report, make] = [new Report(["form", "inclusion", "log"]), checkCose];
    try {
      read.key = await Key.jwk(asParsed(request.key));
      need(read.key !== null);
    } catch (error) {
      if (error instanceof Malformed) throw new RequestError("key");
      throw error;
    }
  } else if (request.check === "primitive") {
    [read, report] = [request, new Report(["form"])];
    make = async () => {
      report.facts = {
        value: await report.trying(["form"], () => coded("malformed-receipt", () => primitive(request))),
      };
    };
  } else {
    throw new RequestError("check");
  }
  try {
    await make(read, report);
  } catch (error) {
    if (error instanceof Refused) return report.failed(error.code);
    throw error;
  }
  return report.held();
}

// -------------------------------------------------------------------------------------------------------------------
// The command line, under Node.

const USAGE = `usage: inkan-receipt.mjs --policy FILE [options] RECEIPT
       inkan-receipt.mjs --policy FILE --current --kind KIND --part TEXT... PROOF
       inkan-receipt.mjs batch   one request per line on standard input, one answer per line on standard output
options: --leaf FILE, --kind KIND, --now SECONDS, --max-age SECONDS, --digest B64U, --act B64U, --history FILE
(once per DID entry of the signer), --history-head FILE; see the README beside this file
`;
const EXITS = {
  "policy-invalid": 8,
  "digest-mismatch": 11,
  "opening-invalid": 11,
  "act-mismatch": 11,
  "quorum-not-met": 15,
  "act-superseded": 16,
  stale: 19,
  "unknown-log": 19,
  "not-home": 19,
  "promise-pending": 19,
};

async function main(words) {
  const fs = await import("node:fs");
  if (words[0] === "batch") {
    const answers = [];
    try {
      for (const line of fs.readFileSync(0, "utf8").split("\n")) {
        if (line !== "") answers.push(JSON.stringify(await check(JSON.parse(line))));
      }
    } finally {
      // A question that cannot be read ends the run; it takes no answer away.
      fs.writeFileSync(1, answers.map((answer) => `${answer}\n`).join(""));
    }
    return 0;
  }
  const file = (path) => ({ b64: fs.readFileSync(path).toString("base64") });
  const request = { check: "receipt" };
  let main;
  let answer;
  try {
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at];
      const next = () => words[(at += 1)] ?? refuse(`${word} needs a value`);
      if (word === "--current") request.check = "current";
      else if (word === "--policy" || word === "--leaf") request[word.slice(2)] = file(next());
      else if (word === "--history-head") request.historyHead = file(next());
      else if (word === "--history") (request.history ??= []).push(file(next()));
      else if (word === "--part") (request.parts ??= []).push(next());
      else if (["--kind", "--digest", "--act"].includes(word)) request[word.slice(2)] = next();
      else if (word === "--now") request.now = Number(next());
      else if (word === "--max-age") request.maxAge = Number(next());
      else if (!word.startsWith("-") && main === undefined) main = file(word);
      else throw new RequestError(word);
    }
    request.now ??= Math.floor(Date.now() / 1000);
    request[request.check === "current" ? "proof" : "receipt"] = main;
    answer = await check(request);
  } catch (error) {
    process.stderr.write(`${error.name}: ${error.message}\n${USAGE}`);
    return 2;
  }
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return answer.ok ? 0 : (EXITS[answer.code] ?? 18);
}

if (typeof process !== "undefined" && process.argv?.[1] && import.meta.url.endsWith(encodeURI(process.argv[1]))) {
  process.exitCode = await main(process.argv.slice(2));
}
