// What every peer script needs: one JSON request on stdin, or a list of them, one JSON answer to each on stdout, and no network.
import dns from 'node:dns';
import net from 'node:net';

export async function request() {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text);
}

export function answer(value) {
  process.stdout.write(JSON.stringify(value));
}

/** Answers one request, or each of a list of them. */
export async function serve(handle) {
  offline();
  const asked = await request();
  if (!Array.isArray(asked)) return answer(await handle(asked));
  const answers = [];
  for (const one of asked) answers.push(await handle(one));
  answer(answers);
}

/** Refuses whatever would leave this process. */
export function offline() {
  const refuse = () => { throw new Error('no network in tests'); };
  net.Socket.prototype.connect = refuse;
  dns.lookup = refuse;
  globalThis.fetch = refuse;
}
