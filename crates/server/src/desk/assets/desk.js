// Asks the browser for a passkey, and hands its answer to the server, which alone judges it. The page is then asked for anew.
"use strict";

const here = window.location.pathname;
const said = document.getElementById("said");
const buttons = document.querySelectorAll("button[data-ceremony]");

const bytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};
const text = (buffer) => {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
const known = (list) => list.map((one) => ({ type: one.type, id: bytes(one.id) }));

const ceremonies = {
  async confirm({ get }) {
    const publicKey = { ...get, challenge: bytes(get.challenge), allowCredentials: known(get.allowCredentials) };
    const { id, type, response } = await navigator.credentials.get({ publicKey });
    return {
      id, rawId: id, type,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
      },
    };
  },
  async register({ create }) {
    const user = { ...create.user, id: bytes(create.user.id) };
    const publicKey = {
      ...create, user, challenge: bytes(create.challenge), excludeCredentials: known(create.excludeCredentials),
    };
    const { id, type, response } = await navigator.credentials.create({ publicKey });
    return {
      id, rawId: id, type,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        attestationObject: text(response.attestationObject),
      },
    };
  },
};

async function perform(name) {
  const asked = await fetch(`${here}/options`, { headers: { accept: "application/json" }, cache: "no-store" });
  if (!asked.ok) return window.location.reload();
  const answer = await ceremonies[name](await asked.json());
  const judged = await fetch(`${here}/${name}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(answer),
  });
  const problem = judged.headers.get("content-type")?.startsWith("application/problem+json");
  const found = problem ? await judged.json() : null;
  // The page tells the rest; of what it does not know, this does.
  if (found && !found.result && judged.status < 500 && ![409, 410].includes(judged.status)) {
    said.textContent = `${found.title ?? found.detail} (${found.number ?? found.code})`;
    return undefined;
  }
  return window.location.reload();
}

for (const button of buttons) {
  button.hidden = !window.PublicKeyCredential;
  button.addEventListener("click", async () => {
    for (const each of buttons) each.disabled = true;
    said.textContent = "";
    try {
      await perform(button.dataset.ceremony);
    } catch (error) {
      said.textContent = `${error.name}: ${error.message}`;
    }
    for (const each of buttons) each.disabled = false;
  });
}
if (buttons.length > 0 && !window.PublicKeyCredential) said.textContent = said.dataset.none;
