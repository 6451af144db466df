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

// ---- exports: how far they are, as many lines as have come ----

const progress = document.querySelector("#progress");

function lines(bytes) {
    let count = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
        count += 1;
    }
    return count;
}

async function receive(response, tell) {
    const reader = response.body.getReader();
    const type = response.headers.get("Content-Type");
    let whole = new Blob([], { type });
    let count = 0;
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            return whole;
        }
        whole = new Blob([whole, value], { type });
        count += lines(value);
        tell(count);
    }
}

function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function exportFile(link) {
    const say = (text) => {
        progress.className = "notice";
        progress.textContent = text;
    };
    const of = document.querySelector("#count")?.textContent.replace(/,? newest.*/, "");
    say(`${of} are being read …`);
    try {
        const response = await fetch(link.href);
        if (response.redirected || !response.ok) {
            throw new Error(response.statusText);
        }
        const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))?.[1];
        save(await receive(response, (count) => say(`${count.toLocaleString("en")} lines of ${of}`)), name);
        progress.className = "done";
        progress.textContent = `${progress.textContent}: complete`;
    } catch {
        progress.className = "error";
        progress.textContent = "The export broke off. What had come of it was thrown away.";
    }
}

document.addEventListener("click", (event) => {
    const link = event.target.closest("a.export");
    if (link && progress && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        exportFile(link);
    }
});
