// Pictures of the pages in both colour schemes.
//
//   node screenshots.mjs URL FOLDER

import { logIn, run, visitor } from "./visit.mjs";

const [base, folder] = process.argv.slice(2);
const audit = `${base}/audit-admin`;
const PAGES = [
    { name: "overview", path: "/overview?last=30d", height: 1250 },
    { name: "sessions", path: "/sessions?state=all" },
    { name: "activity", path: "/activity?last=7d&operation=write", open: ".events details" },
    { name: "record", path: "/records/sale.order,20" },
    { name: "session", from: "/sessions?state=all&user=demo", first: "tbody th a" },
    { name: "event", from: "/activity?last=7d&operation=write&user=demo", first: "a[href*='/activity/']" },
    { name: "settings", path: "/settings" },
    { name: "alerts", path: "/alerts" },
    { name: "holds", path: "/holds" },
    { name: "health", path: "/health" },
];

// A page without an address of its own is where the first such link on another leads to.
async function address(page, { path, from, first }) {
    if (path) {
        return audit + path;
    }
    await page.goto(audit + from);
    return page.locator(first).first().evaluate((link) => link.href);
}

async function picture(page, one, scheme, width) {
    const { name, height = 860, open } = one;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    const response = await page.goto(await address(page, one));
    if (response.status() !== 200) {
        throw new Error(`${name} answers ${response.status()}`);
    }
    if (open) {
        await page.locator(open).first().locator("summary").click();
    }
    const size = width < 600 ? "-phone" : "";
    await page.screenshot({ path: `${folder}/${name}${size}-${scheme}.png` });
}

await run(async (browser) => {
    const page = await visitor(browser, base);
    await logIn(page, base, "admin");
    await page.goto(`${audit}/activity`);
    await page.waitForTimeout(2000); // until the keeper has what was done before
    for (const scheme of ["light", "dark"]) {
        for (const one of PAGES) {
            await picture(page, one, scheme, 1280);
        }
    }
    await picture(page, PAGES[0], "light", 390);
});
