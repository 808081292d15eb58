// Looks at a page as people do: on a phone and on a desk, in light and in dark, with the browser of the distribution.
//
// node check.mjs CHROMIUM PAGE [FOLDER]: prints what is wrong as a JSON list, empty if nothing is. Screenshots go into FOLDER.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, page, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const address = pathToFileURL(page).href;
const wrong = [];

/** What a screen of this size shows. Runs in the page. */
function look() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
  if (document.scripts.length > 0) found.push("has a script");
  const visible = (element) => element.getClientRects().length > 0;
  const pictures = [...document.querySelectorAll("svg")].filter(visible);
  if (pictures.length < 3) found.push(`only ${pictures.length} pictures are shown`);
  for (const svg of pictures) {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const frame = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const size = parseFloat(getComputedStyle(text).fontSize) * scale;
      if (size < 11) found.push(`text of ${size.toFixed(1)} px: ${text.textContent}`);
      const box = text.getBoundingClientRect();
      if (box.right > frame.right + 1 || box.left < frame.left - 1) found.push(`text leaves its picture: ${text.textContent}`);
    }
    const named = svg.getAttribute("aria-labelledby").split(" ").map((id) => document.getElementById(id)?.textContent);
    if (svg.getAttribute("role") !== "img" || named.some((words) => !words)) found.push("a picture without title or description");
  }
  return found;
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const [name, width, height] of [["phone", 390, 844], ["small", 320, 640], ["desk", 1280, 900]]) {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce", javaScriptEnabled: true });
      const tab = await context.newPage();
      const note = (what) => wrong.push(`${name} ${colorScheme}: ${what}`);
      tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) note(`console: ${message.text()}`); });
      tab.on("pageerror", (error) => note(`error: ${error.message}`));
      tab.on("request", (request) => { if (request.url() !== address) note(`asks for ${request.url()}`); });
      await tab.goto(address);
      if (folder) await tab.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), fullPage: true });
      // Small phones may scale a picture down a little: the size of text is promised from 390 pixels on.
      const found = await tab.evaluate(look);
      found.filter((what) => !(name === "small" && what.startsWith("text of"))).forEach(note);
      await tab.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const one of violations) note(`axe ${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
      // With the keyboard alone: everything that opens can be reached.
      const places = await tab.evaluate(() => document.querySelectorAll("summary, a[href], button").length);
      await tab.evaluate(() => document.activeElement?.blur());
      for (let count = 0; count < places; count += 1) await tab.keyboard.press("Tab");
      const reached = await tab.evaluate(() => document.activeElement?.matches("summary, a[href], button"));
      if (places > 0 && !reached) note("what opens cannot be reached by keyboard");
      await context.close();
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(wrong, null, 1));
