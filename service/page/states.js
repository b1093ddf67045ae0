/** What is shown while there is nothing else to show: waiting, problems, emptiness. */

import { useToken } from "./api.js";
import { el, say } from "./dom.js";

const PATIENCE = 5;

/** Lines where the answer will stand. */
export function waiting(words = "Searching") {
  say(`${words}…`);
  return el("div", { class: "wait", "aria-hidden": "true" }, Array.from({ length: 6 }, () => el("span")));
}

/** A box with a heading and a text. */
export function notice(title, ...parts) {
  return el("section", { class: "notice" }, el("h2", {}, title), ...parts.map((p) => (typeof p === "string" ? el("p", {}, p) : p)));
}

/**
 * Say what went wrong and offer the way on.
 * @param problem of the service
 * @param again does it once more
 */
export function problemBox(problem, again) {
  if (problem.status === 401) return tokenForm(problem, again);
  const box = el("section", { class: "notice bad", role: "alert" }, el("h2", {}, title(problem)),
    el("p", {}, sentence(problem.message)), problem.remedy ? el("p", {}, sentence(problem.remedy)) : null);
  const retry = el("button", { type: "button", onclick: once }, "Try again");
  box.append(el("div", { class: "row" }, retry));
  if (problem.status === 503 || problem.status === 0) {
    const timer = setTimeout(() => box.isConnected && once(), 1000 * (problem.wait || PATIENCE));
    addEventListener("online", once, { once: true });
    retry.after(el("small", {}, problem.status ? "It is tried again by itself." : "It is tried again as soon as the service answers."));
    box.timer = timer;
  }
  return box;

  function once() {
    clearTimeout(box.timer);
    removeEventListener("online", once);
    if (box.isConnected) again();
  }
}

function title({ status, slug }) {
  if (status === 0) return navigator.onLine ? "No answer" : "You are offline";
  if (status === 503) return "Not yet";
  if (status === 422 || status === 400 || slug === "incompatible") return "This cannot be asked";
  if (status === 404) return "Not found";
  return "Something went wrong";
}

function tokenForm(problem, again) {
  const field = el("input", { type: "password", id: "token", autocomplete: "current-password", required: true, spellcheck: "false" });
  return el("section", { class: "notice", role: "alert" }, el("h2", {}, "This service asks for a token"),
    el("p", {}, "Whoever runs it has set one in ", el("code", {}, "INTERLINGUA_TOKEN"), " or ", el("code", {}, "--token-file"), ". It is kept until this tab is closed."),
    problem.tried ? el("p", {}, el("strong", {}, "What was given is not the one.")) : null,
    el("form", { onsubmit: (event) => {
      event.preventDefault();
      useToken(field.value);
      again();
    } }, el("label", { for: "token" }, "Token"),
      el("input", { type: "text", autocomplete: "username", value: "interlingua", hidden: true }), field, el("button", { class: "main" }, "Use it")));
}

function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}` : "";
}
