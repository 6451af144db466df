// The audit's pages in Chromium: nothing that a client sends runs, axe-core finds nothing, they fit
// a phone, the trail is followed, exports are whole, sessions end together, keys suffice.
//
//   node pages.mjs URL

import { readFile } from "node:fs/promises";

import { WAIT_MS, axe, call, check, complaints, foreignRequests, logIn, run, visitor } from "./visit.mjs";

const base = process.argv[2];
const audit = `${base}/audit-admin`;
// Hostile in an element, an attribute, a script, a template and an address at once.
const HOSTILE = "x\"'><img src=x onerror=globalThis.ran=1><script>globalThis.ran=1</script>{{frame}}javascript:ran=1";

async function settled(page, query) {
    const end = Date.now() + WAIT_MS;
    for (;;) {
        const { events } = await page.evaluate(async (address) => (await fetch(address)).json(),
                                               `${audit}/activity?${query}&format=json`);
        if (events.length || Date.now() > end) {
            return events;
        }
        await page.waitForTimeout(200);
    }
}

// Everything a client can say: agent, login, model, method, field, value, path.
async function attack(browser) {
    const page = await visitor(browser, base, { userAgent: `Mozilla/5.0 ${HOSTILE}` });
    await logIn(page, base, "demo");
    await call(page, "res.partner", "write", [[14], { [HOSTILE]: HOSTILE, city: HOSTILE }]);
    await call(page, HOSTILE, HOSTILE, [[1], HOSTILE]);
    await page.evaluate((path) => fetch(`/web/dataset/call_kw/${encodeURIComponent(path)}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", params: { model: "res.partner", method: "write", args: [[15], { city: path }], kwargs: {} } }),
    }), HOSTILE);
    await page.evaluate((login) => fetch("/web/session/authenticate", {
        method: "POST",
        credentials: "omit",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", params: { db: "odoo", login, password: "x" } }),
    }), HOSTILE);
    return page;
}

async function addresses(page) {
    const [event] = await settled(page, "record=res.partner,14&operation=write");
    await settled(page, "operation=login_failed");
    return ["/overview", "/sessions?state=all", `/sessions/${event.session}`, "/activity",
            `/activity?model=${encodeURIComponent(HOSTILE)}`, `/activity/${event.id}`,
            "/records/res.partner,14", `/sessions?user=${encodeURIComponent(HOSTILE)}`, "/health"];
}

async function nothingRuns(page, paths) {
    let dialogs = 0;
    page.on("dialog", (dialog) => { dialogs += 1; return dialog.dismiss(); });
    let shown = 0;
    for (const path of paths) {
        await page.goto(audit + path);
        await page.evaluate(() => document.querySelectorAll("details:not(.menu)").forEach((element) => { element.open = true; }));
        shown += (await page.locator("body").innerText()).includes("onerror=globalThis.ran") ? 1 : 0;
        const ran = await page.evaluate(() => globalThis.ran === 1 || document.querySelectorAll("img, body script").length > 0);
        check(!ran && dialogs === 0, `${path.slice(0, 40)}: nothing of what a client sent runs`);
    }
    check(shown >= 4, "what a client sent is shown as text", shown);
}

async function lookGood(browser, page, paths) {
    for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        for (const path of paths) {
            await page.goto(audit + path);
            const found = await axe(page);
            check(found.length === 0, `${path.slice(0, 40)}, ${colorScheme}: axe-core finds nothing`, found);
        }
    }
    await page.setViewportSize({ width: 360, height: 740 });
    for (const path of paths) {
        await page.goto(audit + path);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(over <= 0, `${path.slice(0, 40)}: fits a phone`, over);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
}

async function follow(page, worker) {
    await page.goto(`${audit}/activity?record=res.partner,16`);
    check(await page.locator("#events tbody").count() === 0, "live: nothing yet");
    await page.evaluate(() => { globalThis.here = true; });
    await page.getByRole("button", { name: "Live" }).click();
    await call(worker, "res.partner", "write", [[16], { city: "Live" }]);
    await page.locator("#events tbody[data-id]", { hasText: "city" }).waitFor();
    check(await page.evaluate(() => globalThis.here), "live: an event appears without a reload");
    await page.getByRole("button", { name: "Live" }).click();
    check(await page.locator("#live").getAttribute("aria-pressed") === "false", "live: stops");
}

async function exported(page) {
    await page.goto(`${audit}/activity?operation=write`);
    const count = Number.parseInt(await page.locator("#count").textContent(), 10);
    const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "JSON Lines" }).click(),
    ]);
    const text = await readFile(await download.path(), "utf8");
    const events = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    check(download.suggestedFilename() === "user-audit-activity.jsonl", "JSON Lines: a file");
    check(events.length >= count && events.every((line) => line.event.action === "write"),
          "JSON Lines: what the list counted, and nothing else", [count, events.map((line) => line.event)]);
    await writtenIntoAFile(page, count);
}

// Where the browser lets a page write into a file; here into one of the page's own, since a dialog
// cannot be answered.
async function writtenIntoAFile(page, count) {
    await page.evaluate(() => {
        globalThis.showSaveFilePicker = async ({ suggestedName }) => {
            const folder = await navigator.storage.getDirectory();
            return folder.getFileHandle(suggestedName, { create: true });
        };
    });
    await page.getByRole("link", { name: "CSV" }).click();
    await page.locator("#progress", { hasText: "complete" }).waitFor();
    const text = await page.evaluate(async () => {
        const folder = await navigator.storage.getDirectory();
        return (await (await folder.getFileHandle("user-audit-activity.csv")).getFile()).text();
    });
    const said = await page.locator("#progress").textContent();
    check(text.startsWith("id,time,") && text.trimEnd().split("\r\n").length > count,
          "CSV: is written into a file as it comes", text.slice(0, 200));
    check(/^[\d,]+ lines of /.test(said), "CSV: tells how far it is", said);
}

async function find(page) {
    await page.goto(`${audit}/activity?last=24h`);
    await page.getByLabel("Text in names and fields").fill("marc");
    await page.getByLabel("Operation").selectOption("write");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/text=marc/);
    check(!/from=|ip=/.test(page.url()), "filters: empty ones stay out of the address", page.url());
    check(await page.locator("#events tbody").count() > 0, "filters: text is found");
    await page.getByRole("link", { name: "Without the filter text" }).click();
    check(!page.url().includes("text="), "filters: a chip takes its filter away");
}

// Reading is not on record until a manager says so on the page.
async function change(page, worker) {
    await page.goto(`${audit}/settings`);
    await page.locator("#track").fill("read res.partner");
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForLoadState();
    await page.goto(`${audit}/settings`);
    check(await page.locator("#track").inputValue() === "read res.partner", "settings: a change is kept");
    const end = Date.now() + WAIT_MS;
    let found = [];
    while (!found.length && Date.now() < end) { // until every process obeys it
        await call(worker, "res.partner", "read", [[17], ["name"]]);
        await page.waitForTimeout(500);
        found = (await page.evaluate(async (address) => (await fetch(address)).json(),
                                     `${audit}/activity?operation=read&record=res.partner,17&format=json`)).events;
    }
    check(found.length > 0, "settings: and works: what is read is on record now");
}

async function keys(page) {
    await page.goto(`${audit}/sessions`);
    await page.keyboard.press("Tab");
    check(await page.evaluate(() => document.activeElement.className) === "skip", "keys: the first leads to the content");
    const menu = page.locator("td.actions details").first();
    await menu.locator("summary").focus();
    await page.keyboard.press("Enter");
    check(await menu.locator("input[name=reason]").evaluate((field) => field === document.activeElement),
          "keys: a menu opens on its field");
    await page.keyboard.press("Escape");
    check(await menu.getAttribute("open") === null, "keys: Escape closes it");
}

async function endOthers(page, browser) {
    const other = await visitor(browser, base);
    await logIn(other, base, "admin");
    await page.goto(`${audit}/sessions`);
    const menu = page.locator(".bar details", { hasText: "End my others" });
    await menu.locator("summary").click();
    await menu.locator("input[name=reason]").fill("lost the laptop");
    await menu.getByRole("button").click();
    await page.waitForURL(/\/sessions$/);
    const answer = await other.evaluate(async () => (await fetch("/web/session/get_session_info", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })).status);
    check(answer === 401, "ending all others ends another browser's session", answer);
    check(await page.locator(".badge.mine").count() > 0, "and leaves this one");
}

async function scenario(browser) {
    const admin = await visitor(browser, base);
    const worker = await attack(browser);
    await logIn(admin, base, "admin");
    await admin.goto(`${audit}/health`);
    const paths = await addresses(admin);
    await nothingRuns(admin, paths);
    await lookGood(browser, admin, paths.slice(0, 7));
    await follow(admin, worker);
    await exported(admin);
    await find(admin);
    await change(admin, worker);
    await keys(admin);
    await endOthers(admin, browser);
    check(foreignRequests.length === 0, "no request leaves the host", foreignRequests);
    check(complaints.length === 0, "nothing in the console of the audit's pages", complaints);
}

await run(scenario);
