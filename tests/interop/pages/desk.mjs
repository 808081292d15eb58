// A person with a browser and an authenticator, at the desk of a verifier. Chromium's virtual authenticator answers (CDP, WebAuthn).
//
// node desk.mjs CHROMIUM FOLDER: takes requests as lines of JSON on stdin, answers each with a line of JSON on stdout. Screenshots go into FOLDER.
//
//   {"do":"authenticator","verified":bool}  one more, or whether the one that is there knows its user from now on
//   {"do":"make","origin"}                  a credential on an empty page there -> {"attestationObject","id"}
//   {"do":"open","url"}                     -> {"status"}
//   {"do":"paste","text"} | {"do":"choose","path"}   fills the form of the page and sends it, without script -> {"title"}
//   {"do":"press","ceremony"}               -> {"said","title","sent"}: what the page then says, and what it sent
//   {"do":"relay","origin","options"}       asks the authenticator on a page of another origin -> {"answer"} | {"error"}
//   {"do":"look","name"}                    screenshots on a phone and a desk, in light and dark -> {"wrong":[…]}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [executablePath, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: "reduce", locale: "en" });
const tab = await context.newPage();
const cdp = await context.newCDPSession(tab);
await cdp.send("WebAuthn.enable");
const troubles = [];
let authenticatorId;
let sent;
let home;
tab.on("console", (message) => {
  // A refusal is an answer, which the browser tells its console as well.
  const refusal = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
  if (["error", "warning"].includes(message.type()) && !refusal) troubles.push(`console: ${message.text()}`);
});
tab.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
tab.on("request", (request) => {
  if (home && !request.url().startsWith(home) && !request.url().startsWith("data:")) troubles.push(`asks for ${request.url()}`);
  if (request.method() === "POST") sent = { url: request.url(), body: request.postData() };
});

/** An empty page of an origin that nobody serves. */
async function empty(origin) {
  home = undefined;
  await tab.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body: "<!DOCTYPE html><title>-</title>" }));
  await tab.goto(`${origin}/`);
}

/** In the page: WebAuthn with members in base64url. */
const ceremony = async ({ kind, options }) => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: bytes(options.user.id) };
  if (options.allowCredentials) publicKey.allowCredentials = options.allowCredentials.map((one) => ({ ...one, id: bytes(one.id) }));
  try {
    const made = await navigator.credentials[kind]({ publicKey });
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature"]) {
      if (made.response[part]) response[part] = text(made.response[part]);
    }
    return { answer: { id: made.id, rawId: made.id, type: made.type, response } };
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
};

/** What is wrong with the page as a screen of this size shows it. Runs in the page. */
function look() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
  for (const svg of document.querySelectorAll("svg")) {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const frame = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const size = parseFloat(getComputedStyle(text).fontSize) * scale;
      if (size < 11) found.push(`text of ${size.toFixed(1)} px: ${text.textContent}`);
      const box = text.getBoundingClientRect();
      if (box.right > frame.right + 1 || box.left < frame.left - 1) found.push(`text leaves its picture: ${text.textContent}`);
    }
  }
  return found;
}

const steps = {
  async authenticator({ verified }) {
    if (authenticatorId) {
      await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: verified });
      return {};
    }
    const options = {
      protocol: "ctap2", ctap2Version: "ctap2_1", transport: "usb", hasResidentKey: false, hasUserVerification: true,
      isUserVerified: verified, automaticPresenceSimulation: true,
    };
    ({ authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options }));
    return {};
  },
  async make({ origin }) {
    await empty(origin);
    const options = {
      rp: { id: new URL(origin).hostname, name: "x" }, user: { id: "AQ", name: "x", displayName: "x" }, challenge: "AAAAAAAAAAAAAAAAAAAAAA",
      pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })), attestation: "direct",
      authenticatorSelection: { userVerification: "required" },
    };
    const { answer, error } = await tab.evaluate(ceremony, { kind: "create", options });
    return error ? { error } : { attestationObject: answer.response.attestationObject, id: answer.id };
  },
  async open({ url }) {
    await tab.unrouteAll();
    home = new URL(url).origin;
    const response = await tab.goto(url);
    return { status: response.status() };
  },
  async paste({ text }) {
    await tab.fill("textarea", text);
    await Promise.all([tab.waitForNavigation(), tab.click("button[type=submit]")]);
    return { title: await tab.title() };
  },
  async choose({ path }) {
    await tab.setInputFiles("input[type=file]", path);
    await Promise.all([tab.waitForNavigation(), tab.click("button[type=submit]")]);
    return { title: await tab.title() };
  },
  async press({ ceremony: name }) {
    sent = undefined;
    const before = await tab.evaluate(() => { window.stays = true; return document.title; });
    await tab.click(`button[data-ceremony=${name}]`);
    await tab.waitForFunction(() => !window.stays || document.getElementById("said")?.textContent, undefined, { timeout: 20_000 });
    await tab.waitForLoadState("load");
    return { before, title: await tab.title(), said: await tab.evaluate(() => document.getElementById("said")?.textContent ?? ""), sent };
  },
  async relay({ origin, options }) {
    await empty(origin);
    return tab.evaluate(ceremony, { kind: "get", options });
  },
  async look({ name }) {
    const wrong = troubles.splice(0);
    for (const [screen, width, height] of [["phone", 390, 844], ["small", 320, 640], ["desk", 1280, 900]]) {
      for (const colorScheme of ["light", "dark"]) {
        await tab.setViewportSize({ width, height });
        await tab.emulateMedia({ colorScheme });
        const note = (what) => wrong.push(`${name} ${screen} ${colorScheme}: ${what}`);
        if (screen !== "small") await tab.screenshot({ path: join(folder, `${name}-${screen}-${colorScheme}.png`), fullPage: true });
        (await tab.evaluate(look)).filter((what) => !(screen === "small" && what.startsWith("text of"))).forEach(note);
        // The page's own policy lets no foreign script in; the inspector is outside of it.
        const { result } = await cdp.send("Runtime.evaluate", {
          expression: `(() => { ${axe}; document.querySelectorAll("details").forEach((one) => { one.open = true; }); return axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => JSON.stringify(violations.map((one) => one.id + ": " + one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")))); })()`,
          awaitPromise: true, returnByValue: true,
        });
        JSON.parse(result.value).forEach((one) => note(`axe ${one}`));
      }
    }
    await tab.setViewportSize({ width: 390, height: 844 });
    return { wrong };
  },
};

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
      answer = await steps[request.do](request);
    } catch (error) {
      answer = { error: `${error.name}: ${error.message}` };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
} finally {
  await browser.close();
}
