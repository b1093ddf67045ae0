/** One meaning asked in every language: who finds which languages, against chance. */

import { address, howOf, searchWith } from "./address.js";
import { get, post } from "./api.js";
import { howInWords, requested } from "./controls.js";
import { counted, el, say } from "./dom.js";
import { language, nameOf, written } from "./languages.js";
import { notice, waiting } from "./states.js";

const OFFERED = 12;

/** Show the view. */
export async function showLanguages(wanted, service, main, signal) {
  if (!wanted.group) return choose(wanted, service, signal);
  const timer = setTimeout(() => main.replaceChildren(waiting("Asking in every language")), 150);
  try {
    const other = requested(wanted, service.options.own);
    const asked = { group: wanted.group, k: Number(wanted.k ?? 10) };
    const found = await Promise.all([
      post("v1/translations", asked, signal),
      ...(Object.keys(other).length ? [post("v1/translations", { ...asked, ...other }, signal)] : [])]);
    return draw(found, wanted, service);
  } finally {
    clearTimeout(timer);
  }
}

function draw(found, wanted, service) {
  const last = found[found.length - 1];
  const titles = found.length > 1 ? ["As the index answers", "As you chose"] : [null];
  say(`Asked in ${counted(last.asked.length, "version")}. ${summary(last)}`);
  const less = last.versions > last.asked.length ? ` ${last.asked.length} of ${counted(last.versions, "version")} are asked.` : "";
  return [
    el("h1", {}, "One meaning in every language"),
    el("p", { class: "quiet" }, service.index.chunking ? "Documents are cut here: every chunk of every version asks for itself. " : "", "Every version asks for its neighbours. A number counts the neighbours in a language, a ✓ says that the version in that language was found."
      + ` The colour holds the number against chance.${less}`),
    legend(),
    ...found.map((answer, n) => el("section", { class: "matrix", "aria-label": titles[n] ?? "Matrix" },
      titles[n] ? el("h2", {}, titles[n]) : null,
      titles[n] ? el("p", { class: "quiet" }, howInWords(answer.how)) : null,
      el("p", { class: "verdict" }, summary(answer)), table(answer, wanted, service))),
    el("p", {}, el("a", { href: address({ ...howOf(wanted), view: "languages" }), "data-link": true }, "Ask another meaning")),
  ];
}

/** The means over the versions that ask, each beside its chance. */
function summary({ asked }) {
  const mean = (value) => asked.reduce((sum, row) => sum + value(row), 0) / asked.length;
  const own = mean((row) => row.observed[row.lang] ?? 0);
  const chance = mean((row) => row.expected[row.lang] ?? 0);
  const same = mean((row) => sum(row.same_meaning));
  const of = mean((row) => row.relevant ?? 0);
  const by = mean((row) => row.expected_same_meaning);
  return `On average ${own.toFixed(1)} of ${mean((row) => row.hits).toFixed(0)} neighbours are in the language that asks (${chance.toFixed(1)} by chance), `
    + `and ${same.toFixed(1)} of ${of.toFixed(0)} that mean the same are found (${by.toFixed(1)} by chance).`;
}

const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);

function table(answer, wanted, service) {
  const columns = service.languages.map(({ lang }) => lang)
    .filter((lang) => answer.asked.some((row) => row.lang === lang || row.observed[lang]));
  const order = [...answer.asked].sort((a, b) => columns.indexOf(a.lang) - columns.indexOf(b.lang));
  const drawn = el("table", {},
    el("caption", { class: "hidden" }, "Rows ask, columns are found"),
    el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "who" }, "asks ↓  finds →"),
      columns.map((lang) => el("th", { scope: "col" }, el("abbr", { title: nameOf(lang) }, lang))),
      el("th", { scope: "col" }, "own", el("small", {}, "/chance")), el("th", { scope: "col" }, el("span", { role: "img", "aria-label": "same meaning" }, "✓"), el("small", {}, "/all")))),
    el("tbody", {}, order.map((row) => el("tr", {},
      el("th", { scope: "row", class: "who" }, language(row.lang), el("a", {
        href: searchWith(row, wanted, service.index.vectors_only), "data-link": true, class: "text" }, written(row.text.slice(0, 300), row.lang))),
      columns.map((lang) => cell(row, lang)),
      el("td", { class: "sum" }, String(row.observed[row.lang] ?? 0), el("small", {}, `/${(row.expected[row.lang] ?? 0).toFixed(1)}`)),
      el("td", { class: "sum" }, String(sum(row.same_meaning)), el("small", {}, `/${row.relevant ?? "?"}`))))));
  drawn.style.setProperty("--columns", columns.length);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Matrix, scrolls sideways" }, drawn);
}

function cell(row, lang) {
  const n = row.observed[lang] ?? 0;
  const chance = row.expected[lang] ?? 0;
  const same = row.same_meaning[lang] ?? 0;
  const words = `${nameOf(row.lang)} found ${n} in ${nameOf(lang)}, ${chance.toFixed(1)} by chance${same ? ", the same meaning among them" : ""}`;
  return el("td", { class: `cell ${level(n, chance, row.hits)}${lang === row.lang ? " own" : ""}`, title: words },
    n ? String(n) : el("span", { class: "nothing" }, "·"), same ? el("span", { class: "found", "aria-label": "same meaning found", role: "img" }, "✓") : null);
}

/** From fewer than chance to as many as there can be, in five steps of the excess. */
function level(n, chance, hits) {
  const excess = hits > chance ? (n - chance) / (hits - chance) : 0;
  if (excess <= -0.1) return "less";
  return excess < 0.1 ? "even" : excess < 0.3 ? "more" : excess < 0.6 ? "much" : "most";
}

function legend() {
  const steps = [["less", "fewer than chance"], ["even", "about chance"], ["more", "more"], ["much", "much more"], ["most", "most of all"]];
  return el("ul", { class: "steps", "aria-label": "Colours" }, steps.map(([name, words]) => el("li", {}, el("span", { class: `cell ${name}` }), words)));
}

/** Meanings to begin with: groups that are met on the map. */
async function choose(wanted, service, signal) {
  const title = el("h1", {}, "One meaning in every language");
  if (!service.index.groups) {
    return [title, notice("Meaning is unknown here", "No document of this index has a group, which joins the versions of one meaning, so nobody can say which neighbours mean the same.",
      el("p", {}, "Give the records of a corpus a field ", el("code", {}, "group"), "."))];
  }
  const { points } = await get("v1/map?limit=1000", signal);
  const groups = new Map();
  for (const point of points) if (point.group !== null) groups.set(point.group, [...(groups.get(point.group) ?? []), point]);
  const several = [...groups].filter(([, own]) => own.length > 1).slice(0, OFFERED);
  const read = readable(service.languages);
  return [title, el("p", { class: "quiet" }, "Pick a meaning: each of its versions asks, and the matrix shows who finds whom. Or search, and choose “in every language” beside a neighbour."),
    el("ul", { class: "tries" }, several.map(([group, own]) => {
      const shown = own.find((point) => point.lang === read) ?? own[0];
      return el("li", {}, el("a", { href: address({ ...howOf(wanted), view: "languages", group }), "data-link": true },
        el("span", { class: "lang" }, counted(own.length, "version")), written(shown.text, shown.lang)));
    }))];
}

/** The language of the index that the reader's browser asks for first, else the largest. */
function readable(languages) {
  const wished = (navigator.languages ?? []).map((tag) => tag.split("-")[0]);
  const known = languages.map(({ lang }) => lang);
  return wished.find((lang) => known.includes(lang)) ?? known[0];
}
