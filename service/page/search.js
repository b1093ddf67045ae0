/** The view that searches: one list, or two side by side when it is asked otherwise. */

import { get, post } from "./api.js";
import { gone, moves } from "./compare.js";
import { howInWords, requested } from "./controls.js";
import { counted, el, say } from "./dom.js";
import { report } from "./gauge.js";
import { hitList } from "./hits.js";
import { language, nameOf, written } from "./languages.js";
import { describe, mark } from "./marks.js";
import { address, howOf, searchWith } from "./address.js";
import { notice, waiting } from "./states.js";

const TRIES = 6;

/** Show the view; resolves with its elements. */
export async function showSearch(wanted, service, main, signal) {
  if (!wanted.q && !wanted.id) return start(wanted, service, signal);
  const timer = setTimeout(() => main.replaceChildren(waiting()), 150);
  try {
    const began = performance.now();
    const other = requested(wanted, service.options.own);
    const asked = body(wanted);
    // Where nothing encodes a text, words alone can be asked for it, and there is nothing beside.
    const alone = service.index.vectors_only && wanted.q && !wanted.id && other.mode === "lexical";
    const [before, after] = await Promise.all([
      post("v1/search", alone ? { ...asked, ...other } : asked, signal),
      Object.keys(other).length && !alone ? post("v1/search", { ...asked, ...other }, signal) : null,
    ]);
    const shown = after ?? before;
    say(`${counted(shown.hits.length, "neighbour")} found. ${shown.explanation.split("\n").pop()}`);
    const seconds = (performance.now() - began) / 1000;
    return [understood(shown, seconds, wanted), ...(after ? two(before, after, wanted, service) : [one(before, wanted, service)])];
  } finally {
    clearTimeout(timer);
  }
}

function body(wanted) {
  const found = { k: Number(wanted.k ?? 10), language_report: true };
  if (wanted.by === "document") found.by_document = true;
  if (wanted.q) found.text = wanted.q;
  if (wanted.id) found.id = wanted.id;
  if (wanted.q && wanted.lang) found.lang = wanted.lang;
  if (wanted.in) found.languages = wanted.in.split(",");
  return found;
}

/** How the query was understood. */
function understood({ query, hits }, seconds, wanted) {
  const twin = hits.find((hit) => hit.same_meaning && hit.group !== null);
  const sure = query.lang_probability === null ? "" : `, ${Math.round(100 * query.lang_probability)} % sure`;
  const source = query.lang_source === "detected" ? `detected${sure}` : "given";
  return el("p", { class: "asked" },
    query.lang === "und"
      ? el("span", {}, "The language of the query was ", el("b", {}, "not recognised"), "; choose it above")
      : el("span", {}, "Query in ", el("b", {}, nameOf(query.lang)), ` (${source})`),
    query.id ? el("span", {}, "document ", el("bdi", {}, query.id), ", left out of its own answer") : null,
    twin ? el("a", { href: address({ ...howOf(wanted), view: "languages", group: twin.group }), "data-link": true }, "its meaning in every language") : null,
    el("span", {}, `${seconds < 0.1 ? seconds.toFixed(2) : seconds.toFixed(1)} s`));
}

function one(answer, wanted, service) {
  const context = { wanted, vectorsOnly: service.index.vectors_only, moves: null, gone: null };
  return el("div", { class: "columns one" }, el("section", { class: "column", "aria-label": "Neighbours" },
    report(answer), hitList(answer, context)));
}

function two(before, after, wanted, service) {
  const context = { wanted, vectorsOnly: service.index.vectors_only };
  return [change(before, after), el("div", { class: "columns two" },
    column("As the index answers", before, { ...context, moves: null, gone: gone(before.hits, after.hits) }),
    column("As you chose", after, { ...context, moves: moves(before.hits, after.hits), gone: null }))];
}

/** What the choice changes, in one line. */
function change(before, after) {
  const [a, b] = [before.language_report, after.language_report];
  const step = (from, to, of = "") => el("b", {}, `${from} → ${to}${of}`);
  const known = a.same_meaning !== null && b.same_meaning !== null;
  const fresh = gone(after.hits, before.hits).size;
  return el("p", { class: "change" },
    a.same_language === null ? null : ["In the query’s language: ", step(a.same_language, b.same_language, ` of ${b.k}`), ". "],
    known ? ["Same meaning: ", step(a.same_meaning, b.same_meaning, ` of ${b.relevant_total}`), ". "] : null,
    fresh ? `${counted(fresh, "neighbour")} ${fresh === 1 ? "is" : "are"} new.` : "The neighbours are the same.");
}

function column(title, answer, context) {
  return el("section", { class: "column", "aria-label": title },
    el("header", {}, el("h2", {}, title), el("p", {}, howInWords(answer.how))),
    report(answer, true), hitList(answer, context));
}

/** Before anything is asked: what this is, and sentences to begin with. */
async function start(wanted, service, signal) {
  const { index } = service;
  if (!index.documents) {
    return [notice("The index is empty", el("p", {}, "Add documents with ", el("code", {}, "interlingua add CORPUS --index DIR"),
      "; the page sees them at once."))];
  }
  const parts = [el("section", { class: "hero" }, el("h1", {}, "Do your neighbours share your meaning, or only your language?"),
    el("p", {}, "Search in any language. Every answer says which neighbours mean the same, which merely speak the same language, and what chance alone would have given."))];
  if (index.vectors_only) {
    parts.push(notice("This index holds vectors made elsewhere",
      "No text can be asked here, since the encoder that made them is not. Ask with one of its documents instead: below, or on the map."
      + (service.options.modes.includes("lexical") ? " Or search for words: choose the mode lexical." : "")));
  }
  const { points } = await get("v1/map?limit=400", signal);
  parts.push(el("div", { class: "begin" }, el("ul", { class: "tries", "aria-label": "Sentences to begin with" }, several(points).map((point) => el("li", {},
    el("a", { href: searchWith({ ...point, whole: point.text.length < 240 }, wanted, index.vectors_only), "data-link": true },
      language(point.lang), written(point.text, point.lang))))), key()));
  return parts;
}

/** How to read the marks beside each neighbour. */
function key() {
  const entries = [["yes", "yes", "what a search in one language finds"], ["no", "yes", "found across languages"],
    ["yes", "no", "above chance, this is language bias"], ["no", "no", "merely near"]];
  return el("section", { class: "key", "aria-label": "How to read the marks" }, el("h2", {}, "What a neighbour shares"),
    el("dl", {}, entries.flatMap(([lang, meaning, words]) => {
      const share = describe(lang, meaning);
      return [el("dt", { class: share.kind }, mark(share), share.words), el("dd", {}, words)];
    })));
}

/** Some sentences, each of another language and another meaning. */
function several(points) {
  const languages = new Map();
  for (const point of points) languages.set(point.lang, [...(languages.get(point.lang) ?? []), point]);
  const step = Math.max(1, Math.floor(languages.size / TRIES));
  return [...languages.values()].filter((_, n) => n % step === 0).slice(0, TRIES)
    .map((own, n) => own[Math.floor(((n + 1) * own.length) / (TRIES + 1))]);
}
