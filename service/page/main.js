/** The page: reads the address, shows the view it names, keeps the form in step with it. */

import { address, follow, go, here, howOf } from "./address.js";
import { get, newestState, Problem } from "./api.js";
import { controls } from "./controls.js";
import { byId, counted, el, say } from "./dom.js";
import { showSearch } from "./search.js";
import { problemBox } from "./states.js";
import { VIEWS } from "./views.js";

const main = byId("main");
const form = byId("ask");
const field = byId("q");
let service = null;
let running = new AbortController();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!field.value.trim()) {
    field.focus();
    return;
  }
  const before = here();
  const same = before.q === field.value && !before.view;
  go(address({ ...howOf(before), q: field.value, ...(same ? { id: before.id, lang: before.lang } : {}) }));
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});

follow(show);

/** Show what the address names; a later call ends an earlier one. */
async function show(wanted, moved) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const view = VIEWS[wanted.view] ?? { title: null, show: showSearch };
  drawNav(wanted);
  main.setAttribute("aria-busy", "true");
  try {
    if (!service?.index.documents || service.index.state !== newestState()) service = await load(signal);
    drawForm(wanted, view);
    const parts = await view.show(wanted, service, main, signal);
    if (signal.aborted) return;
    main.replaceChildren(...parts);
    document.title = titleOf(wanted, view);
    if (moved) arrive();
    if (service.index.state !== newestState()) service = await load(signal).catch(() => service);
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    if (!(error instanceof Problem)) throw error;
    main.replaceChildren(problemBox(error, () => show(here(), moved)));
    say(error.message);
  } finally {
    if (!signal.aborted) {
      main.removeAttribute("aria-busy");
      main.dataset.shown = location.search;
    }
  }
}

/** What the service holds and offers, asked anew when an answer came from another state: others may write. */
async function load(signal) {
  const [index, languages, options] = await Promise.all([
    get("v1/index", signal), get("v1/languages", signal), get("v1/search/options", signal)]);
  const known = languages.languages.filter(({ lang }) => lang !== "und");
  const cut = index.wholes === null ? "" : `, as ${counted(index.documents, "chunk")}`;
  byId("facts").textContent = `${counted(index.wholes ?? index.documents, "document")} in ${counted(known.length, "language")}${cut}`;
  byId("state").textContent = `${index.encoder}, ${index.dim} dimensions · ${counted(index.groups, "group")} · state ${index.state}`;
  return { index, languages: languages.languages, options };
}

function drawForm(wanted, view) {
  const { index, options, languages } = service;
  form.hidden = view.controls?.length === 0 || !index.documents;
  form.querySelector(".box").hidden = Boolean(view.controls) || (index.vectors_only && wanted.mode !== "lexical");
  if (document.activeElement !== field || wanted.q) field.value = wanted.q ?? "";
  const focused = document.activeElement?.name;
  byId("controls").replaceChildren(...controls(options, languages, index.chunking !== null, wanted, view.controls, (changes) => go(address({ ...here(), ...changes }))));
  if (focused && focused !== "q") form.elements[focused]?.focus();
}

function drawNav(wanted) {
  const links = [["", "Search"], ...Object.entries(VIEWS).map(([name, view]) => [name, view.title])];
  byId("nav").replaceChildren(...links.map(([name, title]) => el("li", {}, el("a", {
    href: name ? address({ ...howOf(wanted), view: name }) : ".", "data-link": true,
    "aria-current": (wanted.view ?? "") === name ? "page" : null,
  }, title))));
}

function titleOf(wanted, view) {
  const about = view.title ?? wanted.q?.slice(0, 60);
  return about ? `${about} · interlingua` : "interlingua";
}

/** After a step the view begins at its top, also for who reads by ear; a control keeps the focus. */
function arrive() {
  if (form.contains(document.activeElement)) return;
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}
