// What a person does with the audited site, in Chromium: somebody works in Odoo, an administrator
// sees it, ends that session, and the other one logs in again.
//
//   node done.mjs URL    playwright-core is found through NODE_PATH
//
// Prints "ok - what" or "not ok - what" per check, then the plan.

import { readFile } from "node:fs/promises";

import { WAIT_MS, check, complaints, foreignRequests, logIn, run, visitor } from "./visit.mjs";

const RECORD = { name: "Ada Browser", city: "London", moved: "Turin" };
const base = process.argv[2];

// "Saved (57)": what the web client says of the record just saved.
async function save(page) {
    const toast = page.locator("#toast.shown", { hasText: /^Saved \(\d+\)$/ });
    await page.evaluate(() => { document.querySelector("#toast").textContent = ""; });
    await page.getByRole("button", { name: "Save" }).click();
    await toast.waitFor();
    return (await toast.textContent()).match(/\d+/)[0];
}

// Makes a record, changes it and deletes it; returns its id.
async function work(page) {
    await page.click("#new");
    await page.fill("#form input[name=name]", RECORD.name);
    await page.fill("#form input[name=city]", RECORD.city);
    const id = await save(page);
    await page.fill("#form input[name=city]", RECORD.moved);
    check(await save(page) === id, "the record is changed, not made again");
    await page.getByRole("button", { name: "Delete" }).click();
    await page.locator("#toast", { hasText: "Deleted" }).waitFor();
    return id;
}

// The cells of the lines in a table of the audit's page.
function lines(page, selector) {
    return page.$$eval(selector, (rows) => rows.map(
        (row) => Object.fromEntries([...row.querySelectorAll("[data-label]")].map(
            (cell) => [cell.dataset.label, cell.textContent.replace(/\s+/g, " ").trim()]))));
}

// Reloads until the keeper has moved the events into the database.
async function activity(page, query, count) {
    const end = Date.now() + WAIT_MS;
    for (;;) {
        await page.goto(`${base}/audit-admin/activity?${query}`);
        const found = await lines(page, ".events > tbody:not(.running) > tr:not(.more)");
        if (found.length >= count || Date.now() > end) {
            return found;
        }
        await page.waitForTimeout(300);
    }
}

async function seeWork(page, id) {
    const found = await activity(page, `record=res.partner,${id}`, 3);
    const seen = found.map((line) => line.Operation.split(" ")[0].toLowerCase());

    check(seen.join() === "unlink,write,create", "activity: the three, newest first", seen);
    check(found.every((line) => line.Outcome === "success"), "activity: each a success", found);
    check(found.every((line) => line.Records.split(" ").includes(`${id}`)),
          "activity: each with the id", found);
    check(found.every((line) => /demo/i.test(line.User)), "activity: each with its user", found);
    await page.locator("details", { hasText: RECORD.moved }).locator("summary").click();
    check(await page.locator(".values", { hasText: RECORD.moved }).isVisible(),
          "activity: the new value is in the details");
}

// What RFC 4180 says a CSV is, as lists of cells.
function parseCsv(text) {
    const rows = [[]];
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
        rows.at(-1).push(quoted !== undefined ? quoted.replaceAll('""', '"') : plain);
        if (end === "\r\n") {
            rows.push([]);
        }
        if (end === "") {
            break;
        }
    }
    rows.pop(); // after the last line's end
    return rows;
}

async function takeCsv(page, id) {
    await page.goto(`${base}/audit-admin/activity?record=res.partner,${id}`);
    const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "CSV" }).click(),
    ]);
    const [header, ...rows] = parseCsv(await readFile(await download.path(), "utf8"));
    const events = rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
    const told = events.map((event) => `${event.operation} ${event.record_ids} ${event.outcome}`);

    check(/\.csv$/.test(download.suggestedFilename()), "CSV: comes as a file");
    check(rows.every((row) => row.length === header.length), "CSV: as many cells in each line");
    check(told.sort().join() === ["create", "unlink", "write"].map((name) => `${name} ${id} success`).join(),
          "CSV: the three and nothing else", told);
}

async function endSession(page, login) {
    await page.goto(`${base}/audit-admin/sessions?user=${login}`);
    const menu = page.locator("td.actions details").first();
    await menu.locator("summary").click();
    await menu.locator("input[name=reason]").fill("left the room");
    await menu.getByRole("button", { name: "End session" }).click();
    await page.waitForLoadState();
    await page.goto(`${base}/audit-admin/sessions?user=${login}&state=all`);
    const found = await lines(page, "tbody tr");
    check(/revoked/i.test(found[0].State), "sessions: the ended one is shown as revoked", found[0]);
    check(!found.some((line) => /open/i.test(line.State)), "sessions: and none of theirs is open", found);
}

async function beThrownOut(page) {
    await page.click("#new");
    const dialog = page.locator("#dialog[open]");
    await dialog.waitFor();
    check(/session expired/i.test(await dialog.textContent()), "the web client says: session expired");
    await Promise.all([
        page.waitForURL((url) => url.pathname === "/web/login"),
        dialog.getByRole("button").click(),
    ]);
    check(await page.locator("#password").isVisible(), "and leads to the login");
}

async function scenario(browser) {
    const demo = await visitor(browser, base);
    await logIn(demo, base, "demo");
    const id = await work(demo);

    const admin = await visitor(browser, base);
    await logIn(admin, base, "admin");
    await seeWork(admin, id);
    await takeCsv(admin, id);
    await endSession(admin, "demo");
    await beThrownOut(demo);
    await logIn(demo, base, "demo");
    await demo.locator("#new").waitFor();
    check(true, "logging in again in the same browser works");

    const plain = await visitor(browser, base, { javaScriptEnabled: false });
    await logIn(plain, base, "admin");
    await endSession(plain, "demo");
    await beThrownOut(demo);
    await plain.goto(`${base}/audit-admin/health`);
    check(foreignRequests.length === 0, "no request leaves the host", foreignRequests);
    check(complaints.length === 0, "nothing in the console of the audit's pages", complaints);
}

await run(scenario);
