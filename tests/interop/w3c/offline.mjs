// Loaded into every suite before it: requests leave this machine for nowhere, and what a suite lacks on its way is put in its place.
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const beyond = globalThis.fetch;
globalThis.fetch = async function fetch(input, init) {
  const url = new URL(input?.url ?? input);
  if (url.hostname !== '127.0.0.1') {
    process.stderr.write(`not fetched: ${url}\n`);
    throw new TypeError(`not fetched: ${url}`);
  }
  return beyond(input, init);
};

// The suite of BBS has driving licences signed by the library that its verifier tests come from, whose loader lacks their context.
const installed = (...path) => join(process.cwd(), 'node_modules', ...path);
const library = installed('data-integrity-test-suite-assertion', 'vc-generator', 'contexts.js');
const licence = installed('@digitalbazaar', 'vdl-context', 'contexts', 'vdl-v1.jsonld');
if (existsSync(library) && existsSync(licence)) {
  const {contextMap} = await import(pathToFileURL(library).href);
  contextMap.set('https://w3id.org/vdl/v1', JSON.parse(readFileSync(licence, 'utf8')));
}

// The suite of VC-JOSE-COSE calls `map` of an iterator, which Node has from 22 on.
const iterator = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
iterator.map ??= function* map(of) {
  for (const one of this) yield of(one);
};
