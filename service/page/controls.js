/** How to search: method, merging, mode, languages and number of neighbours, each a list. */

import { el } from "./dom.js";
import { nameOf } from "./languages.js";

const SIZES = ["5", "10", "20", "50", "100"];
const MODES = { dense: "dense: by vector", lexical: "lexical: by words and characters", hybrid: "hybrid: by both" };

/**
 * Draw the controls.
 * @param options what the service offers
 * @param languages of the index, the largest first
 * @param chunked whether its documents are cut
 * @param wanted the address
 * @param shown names of those that are drawn; all when undefined
 * @param change called with the fields that are to change
 */
export function controls(options, languages, chunked, wanted, shown, change) {
  const { own } = options;
  const asked = (field) => wanted[field] ?? own[field];
  const words = wanted.mode === "lexical";
  const lists = [
    choice("Debiasing", "debias", asked("debias"), own.debias, options.debias.map((m) => [
      m.name, `${m.name}: ${m.hindered ?? m.does}`, m.hindered !== null]), words),
    choice("Merging of languages", "merging", asked("merging"), own.merging, merging(options), words),
  ];
  if (options.modes.length > 1) {
    lists.push(choice("Mode", "mode", asked("mode"), own.mode, options.modes.map((m) => [m, MODES[m] ?? m])));
  }
  if (!own.exact) lists.push(choice("Search", "exact", wanted.exact ?? "", "", [["", "approximate"], ["true", "exact"]], words));
  const named = languages.filter(({ lang }) => lang !== "und").map(({ lang }) => [lang, nameOf(lang)]);
  const spoken = wanted.lang && !named.some(([lang]) => lang === wanted.lang) ? [[wanted.lang, nameOf(wanted.lang)]] : [];
  lists.push(choice("Query in", "lang", wanted.lang ?? "", "", [["", "detected"], ...named, ...spoken]));
  if (languages.length > 1) {
    lists.push(choice("Answers in", "in", wanted.in ?? "", "", [
      ["", "all languages"],
      ...languages.map(({ lang }) => [lang, nameOf(lang)])]));
  }
  if (chunked) lists.push(choice("Show", "by", wanted.by ?? "", "", [["", "chunks"], ["document", "documents, by their best chunk"]]));
  lists.push(choice("Neighbours", "k", wanted.k ?? "10", "10", SIZES.map((k) => [k, k])));
  return lists.filter((label) => !shown || shown.includes(label.querySelector("select").name));

  function choice(label, field, value, usual, entries, disabled = false) {
    const title = entries.find(([key]) => key === value)?.[1];
    const list = el("select", { name: field, disabled, title, onchange: () => change({ [field]: list.value === usual ? "" : list.value }) },
      entries.map(([key, text, off]) => el("option", { value: key, selected: key === value, disabled: off ?? false }, text)));
    return el("label", { class: value === usual ? null : "changed" }, label, list);
  }
}

/** The mergings by name; that of the index may carry options, and stands for itself. */
function merging({ merging: offered, own }) {
  const known = offered.map((m) => [m.name, `${m.name}: ${m.does}`]);
  return known.some(([name]) => name === own.merging) ? known : [[own.merging, `${own.merging}: as the index has it`], ...known];
}

/**
 * What an address asks for beyond what the index does by itself, as fields of a request.
 * Words know neither vectors to debias nor scores to merge.
 */
export function requested(wanted, own) {
  if (wanted.mode === "lexical" && own.mode !== "lexical") return { mode: "lexical" };
  const body = {};
  if (wanted.debias && wanted.debias !== own.debias) body.debias = wanted.debias;
  if (wanted.merging && wanted.merging !== own.merging) body.merging = { name: wanted.merging };
  if (wanted.mode && wanted.mode !== own.mode) body.mode = wanted.mode;
  if (wanted.exact && !own.exact) body.exact = true;
  return body;
}

/** Write how an answer came about. */
export function howInWords(how) {
  const vectors = how.debias === "none" ? "vectors as encoded" : how.debias;
  const found = { dense: vectors, lexical: "words and characters", hybrid: `${vectors} and words` }[how.mode] ?? how.mode;
  const missed = how.exact ? "" : ", approximately";
  return `${found}, ${how.merging === "none" ? "by score" : `merged by ${how.merging}`}${missed}`;
}
