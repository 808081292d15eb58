// Runs the test suites of the W3C against `inkan serve --judge conformance` and `inkan conformance`.
//
//   node run.mjs FOLDER INKAN [NAME…]
//
// FOLDER holds a folder for each suite, installed as its README says; INKAN is the program under test. A suite that is not there
// is said to be missing. What failed and what was pending is listed, a table comes last, and the exit code is 1 if there is anything
// in it that expected.json does not name. Needs Node 20.

import {spawn, spawnSync} from 'node:child_process';
import {chmodSync, cpSync, existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {get} from 'node:https';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join, resolve} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [folder, program, ...names] = process.argv.slice(2);
if (!folder || !program) {
  console.error('node run.mjs FOLDER INKAN [NAME…]');
  process.exit(2);
}
const inkan = resolve(program);
const all = [
  'vc-data-model-2.0-test-suite',
  'vc-di-eddsa-test-suite',
  'vc-di-ecdsa-test-suite',
  'vc-di-bbs-test-suite',
  'vc-bitstring-status-list-test-suite',
  'vc-di-ed25519signature2020-test-suite',
  'vc-jose-cose-test-suite',
];
const expected = JSON.parse(readFileSync(join(here, 'expected.json')));
const scratch = mkdtempSync(join(tmpdir(), 'inkan-w3c-'));
const server = await serve();
const table = [];
let surprises = 0;
try {
  const environment = {
    ...process.env,
    INKAN_URL: server.url,
    INKAN_IDS: await read(`${server.url}/ids`),
    // Not an argument: the suites' runner starts another process.
    NODE_OPTIONS: `--import=${pathToFileURL(join(here, 'offline.mjs'))}`,
    PATH: `${shim()}${delimiter}${process.env.PATH}`,
  };
  for (const suite of names.length ? names : all) run(suite, environment);
} finally {
  server.child.kill('SIGINT');
  rmSync(scratch, {recursive: true, force: true});
}
console.log('\n| suite | passed | failed | pending |\n|---|---:|---:|---:|');
table.forEach((row) => console.log(`| ${row.join(' | ')} |`));
process.exit(surprises ? 1 : 0);

/** The server under test, with keys that nobody keeps. */
function serve() {
  const options = ['serve', '--throwaway', '--open-issuing', '--judge', 'conformance', '--listen', '127.0.0.1:0'];
  const child = spawn(inkan, [...options, '--role', 'issuer', '--role', 'verifier'], {stdio: ['ignore', 'pipe', 'inherit']});
  return new Promise((done, failed) => {
    child.once('exit', () => failed(new Error('the server did not start')));
    child.stdout.once('data', (line) => done({child, url: String(line).trim().split(' ').at(-1)}));
  });
}

/** What the server says at a URL; its certificate is its own. */
function read(url) {
  return new Promise((done, failed) => {
    get(url, {rejectUnauthorized: false}, async (answer) => {
      const parts = [];
      for await (const part of answer) parts.push(part);
      done(Buffer.concat(parts).toString());
    }).on('error', failed);
  });
}

/** What the suite of VC-JOSE-COSE calls instead of a container: the program itself, with paths of this machine. */
function shim() {
  const place = join(scratch, 'bin');
  mkdirSync(place);
  const file = join(place, 'docker');
  writeFileSync(file, `#!/bin/sh
while [ "$1" != inkan ]; do shift; done
shift
fn=$1; shift
for word; do
  shift
  case $word in /tests/*) word=$PWD$word ;; esac
  set -- "$@" "$word"
done
exec '${inkan}' conformance "$fn" "$@"
`);
  chmodSync(file, 0o755);
  return place;
}

function run(suite, env) {
  const cwd = join(resolve(folder), suite);
  const mocha = join(cwd, 'node_modules', 'mocha', 'bin', 'mocha.js');
  if (!existsSync(mocha)) {
    console.log(`MISSING ${suite}`);
    table.push([suite, 'missing', '', '']);
    surprises += 1;
    return;
  }
  cpSync(join(here, 'localConfig.cjs'), join(cwd, 'localConfig.cjs'));
  mkdirSync(join(cwd, 'tests', 'output'), {recursive: true});
  const output = join(scratch, `${suite}.json`);
  const options = ['--reporter', 'json', '--reporter-option', `output=${output}`, '--timeout', '60000', '--preserve-symlinks'];
  const done = spawnSync(process.execPath, [mocha, 'tests/', ...options], {
    cwd, env, encoding: 'utf8', maxBuffer: 1 << 30,
  });
  const refused = new Set(done.stderr.split('\n').filter((line) => line.startsWith('not fetched: ')));
  refused.forEach((line) => console.log(line));
  if (!existsSync(output)) {
    console.log(`BROKEN ${suite}\n${done.stderr}\n${done.stdout}`);
    table.push([suite, 'broken', '', '']);
    surprises += 1;
    return;
  }
  const report = JSON.parse(readFileSync(output));
  const known = new Set(expected[suite] ?? []);
  for (const [list, what] of [[report.failures, 'FAILED'], [report.pending, 'PENDING']]) {
    for (const test of list) {
      const title = test.fullTitle.replace(/\s+/g, ' ');
      const is = known.has(title) ? `${what} (expected)` : what;
      surprises += known.has(title) ? 0 : 1;
      const why = (test.err?.message ?? '').replace(/\s+/g, ' ').slice(0, 400);
      console.log(`${is} ${suite}: ${title}${why && `\n    ${why}`}`);
    }
  }
  table.push([suite, report.passes.length, report.failures.length, report.pending.length]);
}
