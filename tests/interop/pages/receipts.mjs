// The receipt verifier in a browser: every question is put to the module there, and the page is used as people use it.
//
// node receipts.mjs CHROMIUM FOLDER RECEIPT POLICY BROKEN < requests.jsonl: serves FOLDER (crates/receipt/javascript) on loopback and prints
// {"answers":[…],"wrong":[…]}: an answer to each request, and what is wrong with the page. RECEIPT holds under POLICY, BROKEN does not.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, folder, receipt, policy, broken] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const requests = readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
const wrong = [];

const types = { "index.html": "text/html", "inkan-receipt.mjs": "text/javascript" };
const server = createServer((request, response) => {
  const name = request.url === "/" ? "index.html" : request.url.slice(1);
  if (!(name in types)) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": types[name] }).end(readFileSync(join(folder, name)));
});
await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
const origin = `http://127.0.0.1:${server.address().port}`;

/** Puts questions to the module of the page. Runs in the page. */
async function ask(lines) {
  const { check } = await import("/inkan-receipt.mjs");
  const answers = [];
  for (const line of lines) {
    try {
      answers.push(JSON.stringify(await check(JSON.parse(line))));
    } catch (error) {
      answers.push(JSON.stringify({ thrown: `${error.name}: ${error.message}` }));
    }
  }
  return answers;
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const answers = [];
try {
  for (const [name, width, height] of [["phone", 390, 844], ["desk", 1280, 900]]) {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce", locale: "en" });
      const tab = await context.newPage();
      const note = (what) => wrong.push(`${name} ${colorScheme}: ${what}`);
      tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) note(`console: ${message.text()}`); });
      tab.on("pageerror", (error) => note(`error: ${error.message}`));
      tab.on("request", (request) => {
        if (!["/", "/inkan-receipt.mjs"].some((path) => request.url() === origin + path)) note(`asks for ${request.url()}`);
      });
      await tab.goto(`${origin}/`);
      const verdict = (word) => tab.waitForSelector(`#answer .verdict.${word}`, { timeout: 20_000 }).then(() => true, () => false);
      // The one is chosen, the other dropped.
      await tab.setInputFiles("#receipt", receipt);
      const text = readFileSync(policy, "utf8");
      const dropped = await tab.evaluateHandle(([content, file]) => {
        const data = new DataTransfer();
        data.items.add(new File([content], file));
        return data;
      }, [text, basename(policy)]);
      await tab.dispatchEvent("#policy-drop", "drop", { dataTransfer: dropped });
      if (!(await verdict("pass"))) note("a receipt that holds is not said to hold");
      const facts = await tab.evaluate(() => document.querySelectorAll("#answer dt").length);
      if (facts < 6) note(`only ${facts} facts are shown`);
      await tab.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
      await tab.evaluate(axe);
      const look = async (what) => {
        const sideways = await tab.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
        if (sideways) note(`${what} scrolls sideways`);
        const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        for (const one of violations) note(`${what}: axe ${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
      };
      await look("a receipt that holds");
      await tab.setInputFiles("#receipt", broken);
      if (!(await verdict("fail"))) note("a receipt that does not hold is not said to fail");
      await look("a receipt that does not hold");
      if (answers.length === 0) {
        for (let from = 0; from < requests.length; from += 200) answers.push(...await tab.evaluate(ask, requests.slice(from, from + 200)));
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  server.close();
}
console.log(`{"answers":[${answers.join(",")}],"wrong":${JSON.stringify(wrong)}}`);
