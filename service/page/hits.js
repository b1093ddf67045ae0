/** A list of neighbours: text, language, what each shares, where it has moved. */

import { address, howOf, searchWith } from "./address.js";
import { el } from "./dom.js";
import { language, written } from "./languages.js";
import { mark, shared } from "./marks.js";

const SHOWN = 600;
const SCORES = { dense: "cosine, after debiasing", lexical: "BM25", hybrid: "sum of reciprocal ranks" };

/**
 * Draw the hits of an answer.
 * @param answer of the service
 * @param context {wanted, vectorsOnly, moves: Map or null, gone: Set or null}
 */
export function hitList(answer, context) {
  if (!answer.hits.length) {
    const why = answer.how.mode === "lexical" ? "no document shares a word with the query" : "no document is in reach";
    return el("p", { class: "notice" }, `Nothing was found: ${why}.`);
  }
  return el("ol", { class: "hits", onkeydown: walk }, answer.hits.map((hit) => item(hit, answer, context)));
}

function item(hit, answer, context) {
  const share = shared(hit, answer.query);
  const lost = context.gone?.has(hit.id) ?? false;
  return el("li", { class: lost ? "gone" : null, "data-id": hit.id, "data-share": share.kind },
    el("span", { class: "rank", "aria-label": `rank ${hit.rank}` }, String(hit.rank)),
    mark(share),
    sentence(hit, context),
    moved(hit, context, lost),
    el("div", { class: "about" },
      el("span", { class: `share ${share.kind}` }, share.words),
      language(hit.lang),
      el("span", { class: "score", title: SCORES[answer.how.mode] }, hit.score.toFixed(3)),
      el("bdi", { class: "id", title: "id of the document" }, hit.id),
      hit.duplicate ? el("span", {}, "the query’s own text") : null,
      everyLanguage(hit, context)));
}

/** The text is the link that searches with it; a very long one is shown in part until asked for. */
function sentence(hit, context) {
  const to = searchWith(hit, context.wanted, context.vectorsOnly);
  const short = hit.text.length > SHOWN ? `${hit.text.slice(0, SHOWN)}…` : hit.text;
  const link = written(short, hit.lang, "a", { class: "text", href: to, "data-link": true, title: "Search with this sentence" });
  if (short === hit.text) return link;
  const more = el("button", { class: "plain", type: "button", "aria-expanded": "false", onclick: () => {
    const open = more.getAttribute("aria-expanded") === "false";
    more.setAttribute("aria-expanded", String(open));
    link.textContent = open ? hit.text : short;
    more.textContent = open ? "Show less" : `Show all ${hit.text.length.toLocaleString("en")} characters`;
  } }, `Show all ${hit.text.length.toLocaleString("en")} characters`);
  return el("div", {}, link, more);
}

function moved(hit, context, lost) {
  if (lost) return badge("gone", "✕ drops out");
  if (!context.moves) return null;
  const by = context.moves.get(hit.id);
  if (by === null) return badge("new", "＋ new");
  if (by === 0) return null;
  return by > 0 ? badge("up", `▲ ${by}`, `${by} higher`) : badge("down", `▼ ${-by}`, `${-by} lower`);
}

function badge(kind, text, spoken = null) {
  return el("span", { class: `move ${kind}`, "aria-label": spoken, role: spoken ? "img" : null }, text);
}

function everyLanguage(hit, context) {
  if (hit.group === null) return null;
  const to = address({ ...howOf(context.wanted), view: "languages", group: hit.group });
  return el("a", { href: to, "data-link": true }, "in every language");
}

/** Arrow keys walk from sentence to sentence. */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...event.currentTarget.querySelectorAll("a.text")];
  const at = links.findIndex((link) => link.closest("li").contains(document.activeElement));
  const next = links[at + step];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
