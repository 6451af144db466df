// Niceties only: every page works without this file.
"use strict";

// Empty filters stay out of the address, so that it can be shared.
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "get") {
        return;
    }
    for (const field of form.elements) {
        field.disabled = field.name !== "" && field.value === "";
    }
    setTimeout(() => {
        for (const field of form.elements) {
            field.disabled = false;
        }
    });
});

// Only one "End" form is open at a time, and its reason is ready to be typed.
document.addEventListener("toggle", (event) => {
    const opened = event.target;
    if (!opened.open || !opened.closest(".actions")) {
        return;
    }
    for (const other of document.querySelectorAll(".actions details[open]")) {
        other.open = other === opened;
    }
    opened.querySelector("input[name=reason]").focus();
}, true);
