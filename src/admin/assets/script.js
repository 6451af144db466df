// Niceties only: every page works without this file.
"use strict";

const LIVE_MS = 3000; // between two looks at the trail
const LIVE_ROWS = 500; // lines kept on the page while it is followed

// Empty filters stay out of the address, so that it can be shared; so does the zone of times that
// are not there.
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "get") {
        return;
    }
    const timed = ["from", "to"].some((name) => form.elements[name]?.value);
    for (const field of form.elements) {
        field.disabled = field.name !== "" && (field.value === "" || (field.name === "zone" && !timed));
    }
    setTimeout(() => {
        for (const field of form.elements) {
            field.disabled = false;
        }
    });
});

// ---- menus: one open at a time, the first field ready, closed by Escape or a click elsewhere ----

function closeMenus(but) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = menu === but;
    }
}

document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (menu.open && menu.matches("details.menu")) {
        closeMenus(menu);
        menu.querySelector("input:not([type=hidden])")?.focus();
    }
}, true);

document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
    }
});

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

// ---- following the trail ----

const live = document.querySelector("#live");
let liveTimer;

function showRows(html) {
    const table = document.querySelector("#events");
    const rows = new DOMParser().parseFromString(`<table>${html}</table>`, "text/html").querySelectorAll("tbody[id], tbody.running");
    const head = table.tHead;
    for (const row of table.querySelectorAll("tbody.running")) {
        row.remove();
    }
    for (const row of [...rows].reverse()) {
        if (row.id && document.getElementById(row.id)) {
            continue;
        }
        row.classList.toggle("fresh", row.id !== "");
        head.after(row);
        setTimeout(() => row.classList.remove("fresh"), LIVE_MS);
    }
    for (const row of [...table.tBodies].slice(LIVE_ROWS)) {
        row.remove();
    }
    document.querySelector("#none")?.toggleAttribute("hidden", table.tBodies.length > 0);
}

async function look() {
    const response = await fetch(`${live.dataset.href}&after=${live.dataset.after}`);
    if (response.redirected || !response.ok) {
        throw new Error("the trail cannot be followed");
    }
    showRows(await response.text());
    const newest = document.querySelector("#events tbody[data-id]");
    live.dataset.after = Math.max(Number(live.dataset.after), Number(newest?.dataset.id ?? 0));
}

async function follow() {
    clearTimeout(liveTimer);
    if (live.getAttribute("aria-pressed") !== "true" || document.hidden) {
        return;
    }
    try {
        await look();
        liveTimer = setTimeout(follow, LIVE_MS);
    } catch {
        press(false);
    }
}

function press(on) {
    live.setAttribute("aria-pressed", String(on));
    live.classList.toggle("live", on);
    follow();
}

if (live) {
    live.hidden = false;
    live.addEventListener("click", () => press(live.getAttribute("aria-pressed") !== "true"));
    document.addEventListener("visibilitychange", follow);
}

// ---- exports: a plain download, of which the browser tells how far it is; where the browser lets a
// page write into a file, straight into it, with the lines that have come. Never held in memory. ----

const progress = document.querySelector("#progress");

function say(kind, text) {
    progress.className = kind;
    progress.textContent = text;
}

function lines(bytes) {
    let count = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
        count += 1;
    }
    return count;
}

function counting(tell) {
    let count = 0;
    return new TransformStream({
        transform(chunk, controller) {
            count += lines(chunk);
            tell(count);
            controller.enqueue(chunk);
        },
    });
}

// What has been written becomes the file only when all of it has.
async function writeInto(file, link) {
    const of = document.querySelector("#count")?.textContent.replace(/,? newest.*/, "");
    say("notice", `${of} are being read …`);
    try {
        const response = await fetch(link.href);
        if (response.redirected || !response.ok) {
            throw new Error(response.statusText);
        }
        await response.body
            .pipeThrough(counting((count) => say("notice", `${count.toLocaleString("en")} lines of ${of}`)))
            .pipeTo(await file.createWritable());
        say("done", `${progress.textContent}: complete`);
    } catch {
        say("error", "The export broke off. What had come of it was thrown away.");
    }
}

async function exportFile(link) {
    let file;
    try {
        file = await globalThis.showSaveFilePicker({ suggestedName: link.download });
    } catch (error) {
        if (error.name !== "AbortError") {
            location.assign(link.href);
        }
        return;
    }
    await writeInto(file, link);
}

document.addEventListener("click", (event) => {
    const link = event.target.closest("a.export");
    if (link && progress && globalThis.showSaveFilePicker && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        exportFile(link);
    }
});
