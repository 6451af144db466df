// A web client without a framework that makes the calls Odoo's own client of this version makes.
"use strict";

const session = odoo.__session_info__;
const wire = odoo.standin;
const MODELS = {
    "res.partner": { title: "Contacts", fields: { name: "Name", email: "Email", phone: "Phone", city: "City" },
                     columns: ["name", "email", "city"] },
    "sale.order": { title: "Quotations", fields: { partner_id: "Customer", client_order_ref: "Customer reference" },
                    columns: ["name", "partner_id", "state"], readonly: ["name", "state"],
                    buttons: { action_confirm: "Confirm", action_cancel: "Cancel", action_draft: "Set to quotation" } },
};
const LANDING = "res.partner";
let requestId = 0;
let model = LANDING;
let current = null; // the open record; {} while a new one is written

const find = (selector) => document.querySelector(selector);

// Calls

async function rpc(url, params) {
    const response = await fetch(url, {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ id: requestId++, jsonrpc: "2.0", method: "call", params }),
    });
    let answer;
    try {
        answer = await response.json();
    } catch {
        showDialog("Connection lost", "Trying to reconnect...", "Close");
        throw new Error("no JSON in the answer");
    }
    if (answer.error) {
        showError(answer.error);
        throw new Error(answer.error.data && answer.error.data.name);
    }
    return answer.result;
}

function context() {
    const companies = session.user_companies ? [session.user_companies.current_company] : [1];
    return { ...session.user_context, allowed_company_ids: companies };
}

function callKw(name, method, args, kwargs = {}) {
    return rpc(`/web/dataset/call_kw/${name}/${method}`,
               { model: name, method, args, kwargs: { context: context(), ...kwargs } });
}

function callButton(name, method, id) {
    const tail = wire.button_tail ? `/${name}/${method}` : "";
    return rpc(`/web/dataset/call_button${tail}`,
               { args: [[id]], kwargs: { context: context() }, method, model: name });
}

function specification(names) {
    return Object.fromEntries(names.map((name) => [
        name, name.endsWith("_id") ? { fields: { display_name: {} } } : {}]));
}

function allNames() {
    return [...Object.keys(MODELS[model].fields), ...(MODELS[model].readonly || [])];
}

function searchRead(name, names) {
    const what = wire.web_save ? { specification: specification(names) } : { fields: names };
    return callKw(name, "web_search_read", [], { domain: [], limit: 80, offset: 0, ...what });
}

async function readOne(id) {
    const rows = wire.web_save
        ? await callKw(model, "web_read", [[id]], { specification: specification(allNames()) })
        : await callKw(model, "read", [[id], allNames()]);
    return rows[0];
}

async function save(values) {
    const id = current.id;
    if (wire.web_save) {
        const rows = await callKw(model, "web_save", [id ? [id] : [], values],
                                  { specification: specification(allNames()) });
        return rows[0].id;
    }
    if (!id) {
        return callKw(model, "create", [values]);
    }
    await callKw(model, "write", [[id], values]);
    return id;
}

async function duplicate() {
    const made = await callKw(model, "copy", [wire.copies_give_list ? [current.id] : current.id]);
    return Array.isArray(made) ? made[0] : made;
}

// Showing

function element(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
}

function shown(value) {
    if (Array.isArray(value)) {
        return value[1] || "";
    }
    return value && value.display_name !== undefined ? value.display_name : value || "";
}

function idOf(value) {
    return Array.isArray(value) ? value[0] : value && value.id ? value.id : value || false;
}

function toast(text) {
    find("#toast").textContent = text;
    find("#toast").classList.add("shown");
    setTimeout(() => find("#toast").classList.remove("shown"), 2500);
}

function showDialog(title, text, button, then) {
    const dialog = find("#dialog");
    dialog.querySelector("h2").textContent = title;
    dialog.querySelector("p").textContent = text;
    const ok = dialog.querySelector("button");
    ok.textContent = button;
    ok.onclick = () => (dialog.close(), then && then());
    dialog.open || dialog.showModal();
}

// Odoo's client looks at the exception's name alone, not at the code or the HTTP status.
function showError(error) {
    const name = error.data && error.data.name;
    if (name === "odoo.http.SessionExpiredException" || name === "werkzeug.exceptions.Forbidden") {
        showDialog("Odoo Session Expired",
                   "Your Odoo session expired. The current page is about to be refreshed.",
                   wire.major === 16 ? "Ok" : "Close", () => location.reload());
    } else {
        const kind = { "odoo.exceptions.AccessError": "Access Error", "odoo.exceptions.UserError": "Invalid Operation",
                       "odoo.exceptions.ValidationError": "Validation Error",
                       "odoo.exceptions.MissingError": "Missing Record" }[name];
        showDialog(kind || error.message, (error.data && error.data.message) || error.message, "Close");
    }
}

// A refused call was already shown: nothing is left to do for who clicked.
function guarded(act) {
    return () => act().catch((error) => console.warn(error.message));
}

function drawMenu() {
    find("#menu").replaceChildren(...Object.entries(MODELS).map(([name, { title }]) => {
        const button = element("button", { type: "button", textContent: title, onclick: guarded(() => openModel(name)) });
        button.toggleAttribute("aria-current", name === model);
        return button;
    }));
    find("#user").textContent = session.name;
}

async function drawList() {
    const { columns, fields, title } = MODELS[model];
    const { length, records } = await searchRead(model, columns);
    const row = (record) => {
        const line = element("tr", { onclick: guarded(() => openRecord(record.id)) },
                             ...columns.map((name) => element("td", { textContent: shown(record[name]) })));
        line.setAttribute("aria-selected", Boolean(current && current.id === record.id));
        return line;
    };
    find("#list").replaceChildren(
        element("div", { className: "buttons" },
                element("button", { className: "primary", type: "button", textContent: "New", id: "new",
                                    onclick: guarded(() => openRecord(null)) }),
                element("span", { className: "muted", textContent: `${title}: ${length}` })),
        element("table", {}, element("thead", {}, element("tr", {}, ...columns.map(
            (name) => element("th", { textContent: fields[name] || name })))),
                element("tbody", {}, ...records.map(row))));
}

async function input(name) {
    if (name !== "partner_id") {
        return element("input", { name, value: shown(current[name]) });
    }
    const { records } = await searchRead("res.partner", ["name"]);
    return element("select", { name }, element("option", { value: "" }), ...records.map((partner) =>
        element("option", { value: partner.id, textContent: partner.name,
                            selected: partner.id === idOf(current[name]) })));
}

function button(title, act, primary = false) {
    return element("button", { type: "button", textContent: title, className: primary ? "primary" : "",
                               onclick: guarded(act) });
}

async function drawForm() {
    if (!current) {
        find("#form").replaceChildren(element("p", { className: "muted", textContent: "Open a record or make a new one." }));
        return;
    }
    const { fields, buttons = {} } = MODELS[model];
    const labels = await Promise.all(Object.entries(fields).map(async ([name, label]) =>
        element("label", {}, label, await input(name))));
    const acts = current.id ? [
        button("Duplicate", async () => openRecord(await duplicate(), "Duplicated")),
        button("Archive", () => done(callKw(model, "action_archive", [[current.id]]), "Archived")),
        button("Delete", () => done(callKw(model, "unlink", [[current.id]]), "Deleted")),
        ...Object.entries(buttons).map(([method, label]) => button(label, async () => {
            const id = current.id;
            await callButton(model, method, id);
            return openRecord(id, label);
        }))] : [];
    find("#form").replaceChildren(
        element("h2", { textContent: shown(current.name) || (current.id ? `#${current.id}` : "New") }),
        element("p", { className: "muted", textContent: current.state ? `State: ${current.state}` : "" }),
        element("div", { className: "buttons" }, button("Save", saveForm, true), ...acts),
        ...labels, tagForm());
}

// "Create and edit" of a many2many: the client sends name_create.
function tagForm() {
    const name = element("input", { name: "tag", placeholder: "New tag" });
    return element("div", { className: "buttons" }, name, button("Create tag", async () => {
        const [id, label] = await callKw("res.partner.category", "name_create", [name.value]);
        toast(`Tag ${label} (${id})`);
    }));
}

function changedValues() {
    const values = {};
    for (const field of find("#form").querySelectorAll("label input, label select")) {
        const value = field.name.endsWith("_id") ? Number(field.value) || false : field.value || false;
        const before = field.name.endsWith("_id") ? idOf(current[field.name]) : current[field.name] || false;
        if (!current.id || value !== before) {
            values[field.name] = value;
        }
    }
    return values;
}

async function saveForm() {
    return openRecord(await save(changedValues()), "Saved");
}

async function done(call, text) {
    await call;
    current = null;
    toast(text);
    await Promise.all([drawForm(), drawList()]);
}

async function openRecord(id, text) {
    current = id ? await readOne(id) : {};
    if (text) {
        toast(`${text} (${id})`);
    }
    await drawForm();
    await drawList();
}

async function openModel(name) {
    model = name;
    current = null;
    drawMenu();
    await Promise.all([drawForm(), drawList()]);
}

// The bus: an open connection whose fate is shown, tried again with growing pauses.

function connectBus(delay = 1000) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = wire.websocket_version ? `?version=${wire.websocket_version}` : "";
    const socket = new WebSocket(`${scheme}://${location.host}/websocket${query}`);
    const state = (text) => { find("#socket").textContent = `bus: ${text}`; };
    socket.onopen = () => {
        state("open");
        delay = 1000;
        socket.send(JSON.stringify({ event_name: "subscribe", data: { channels: [], last: 0 } }));
    };
    socket.onclose = (event) => {
        state(`closed (${event.code})`);
        setTimeout(() => connectBus(Math.min(delay * 1.5, 60000)), delay);
    };
}

guarded(() => openModel(LANDING))();
connectBus();
