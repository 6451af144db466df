// What the scripts of this folder share: Chromium, visitors, checks.
//
// playwright-core and axe-core are found through NODE_PATH.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
// Nothing that the browser does by itself, and no name that leads off this machine.
const SWITCHES = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

export const WAIT_MS = 60000;
export const foreignRequests = [];
export const complaints = []; // what the console of an audit page says
let checks = 0;

// Prints "ok - what" or "not ok - what".
export function check(holds, what, got) {
    checks += 1;
    console.log(`${holds ? "ok" : "not ok"} - ${what}`);
    if (!holds && got !== undefined) {
        console.log(`# got: ${JSON.stringify(got)}`);
    }
}

// A visitor with cookies of their own, watched.
export async function visitor(browser, base, options = {}) {
    const context = await browser.newContext({ locale: "en-US", ...options });
    context.setDefaultTimeout(WAIT_MS);
    await context.addInitScript(() => { globalThis.showSaveFilePicker = undefined; }); // a dialog of the system
    context.on("request", (request) => {
        const { protocol, host } = new URL(request.url());
        if (!["data:", "blob:"].includes(protocol) && host !== new URL(base).host) {
            foreignRequests.push(request.url());
        }
    });
    const page = await context.newPage();
    const isAudit = () => page.url().includes("/audit-admin");
    page.on("console", (message) => {
        if (isAudit() && ["error", "warning"].includes(message.type())) {
            complaints.push(`${page.url()}: ${message.text()}`);
        }
    });
    page.on("pageerror", (error) => isAudit() && complaints.push(`${page.url()}: ${error}`));
    return page;
}

export async function logIn(page, base, login) {
    await page.goto(`${base}/web/login`);
    await page.fill("#login", login);
    await page.fill("#password", login);
    await Promise.all([
        page.waitForURL((url) => !url.pathname.startsWith("/web/login")),
        page.click("button[type=submit]"),
    ]);
}

// One call, as Odoo's own client makes it.
export function call(page, model, method, args, kwargs = {}) {
    return page.evaluate(async (params) => {
        const response = await fetch("/web/dataset/call_kw", {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ jsonrpc: "2.0", method: "call", params }),
        });
        return response.json();
    }, { model, method, args, kwargs });
}

// What axe-core finds wrong with the page as it stands.
export async function axe(page) {
    await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }));
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
}

// Runs the scenario in a browser and prints the plan.
export async function run(scenario) {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: SWITCHES });
    try {
        await scenario(browser);
    } finally {
        await browser.close();
    }
    console.log(`1..${checks}`);
}
