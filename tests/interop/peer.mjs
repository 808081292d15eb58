// What every peer script needs: one JSON request on stdin, one JSON answer on stdout, and no network.
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

/** Refuses whatever would leave this process. */
export function offline() {
  const refuse = () => { throw new Error('no network in tests'); };
  net.Socket.prototype.connect = refuse;
  dns.lookup = refuse;
  globalThis.fetch = refuse;
}
