/** The language report of one answer: the count against chance, and what it means in words. */

import { el, svg } from "./dom.js";
import { nameOf } from "./languages.js";
import { describe, mark } from "./marks.js";

const SURE = 0.05;
const SEGMENTS = 50;
const FOUR = [["both", "yes", "yes"], ["meaning_only", "no", "yes"], ["language_only", "yes", "no"], ["neither", "no", "no"]];

/** Draw the report of an answer; `brief` folds the figures away, to leave room for two lists. */
export function report(answer, brief = false) {
  const found = answer.language_report;
  return el("section", { class: "report", "aria-label": "Language report" },
    ...headline(found, answer.query.lang), tally(found), ...words(answer.explanation, brief));
}

function headline(found, lang) {
  if (found.excess === null && !found.counted) return [];
  if (found.counted_same_language === null) return [];
  const which = found.same_meaning === null ? "neighbours" : "neighbours of another meaning";
  return [
    el("p", { class: "count" }, String(found.counted_same_language), el("small", {}, ` of ${found.counted}`)),
    el("p", { class: "of" }, `${which} in ${nameOf(lang)}, the query’s language`),
    gauge(found),
  ];
}

/** A bar of all that count, filled as far as they share the language, with a tick at chance. */
function gauge(found) {
  const { counted, counted_same_language: same, expected_same_language: chance } = found;
  const n = Math.min(counted, SEGMENTS);
  const gap = n > 1 ? 0.18 * (100 / n) * (n > 20 ? 0.5 : 1) : 0;
  const width = (100 - gap * (n - 1)) / n;
  const bars = Array.from({ length: n }, (_, i) => svg("rect", {
    class: (i + 0.5) * counted / n < same ? "on" : "off",
    x: i * (width + gap), y: 0, width, height: 10,
  }));
  const at = 100 * chance / counted;
  const biased = found.p_value !== null && found.p_value < SURE && counted >= 3;
  const label = el("span", { class: `chance ${at < 15 ? "left" : at > 85 ? "right" : ""}` }, `▲ chance ${chance.toFixed(1)}`);
  label.style.left = `${at}%`;
  return el("div", {
    class: biased ? "gauge biased" : "gauge", role: "img",
    "aria-label": `${same} of ${counted}, by chance ${chance.toFixed(1)}`,
  }, svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    ...bars, svg("line", { class: "tick", x1: at, x2: at, y1: -2, y2: 12 })), label);
}

function tally(found) {
  if (found.both === null) return null;
  return el("ul", { class: "tally" }, FOUR.map(([field, language, meaning]) => {
    const share = describe(language, meaning);
    return el("li", {}, mark(share), el("b", {}, String(found[field])), ` ${share.words.toLowerCase()}`);
  }));
}

/** The server's explanation: its last line draws the conclusion, the others give the figures. */
function words(explanation, brief) {
  const lines = (explanation ?? "").split("\n").filter(Boolean);
  const named = lines.filter((line) => /^(Language|Meaning|Bias): /.test(line));
  const rest = lines.filter((line) => !named.includes(line));
  const figures = el("dl", {}, named.flatMap((line) => {
    const [, name, text] = line.match(/^(\w+): (.*)$/s);
    return [el("dt", {}, name), el("dd", {}, text[0].toUpperCase() + text.slice(1))];
  }));
  return [
    ...rest.map((line) => el("p", { class: "verdict" }, line)),
    brief && rest.length ? el("details", {}, el("summary", {}, "The figures"), figures) : figures,
  ];
}
