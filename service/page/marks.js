/** What a neighbour shares with the query: two circles, language and meaning, and a word. */

import { svg } from "./dom.js";

const WORDS = {
  "yes yes": ["both", "Same language and meaning"],
  "no yes": ["meaning", "Same meaning"],
  "yes no": ["language", "Same language only"],
  "no no": ["neither", "Neither"],
  "yes unknown": ["unsure", "Same language; meaning unknown"],
  "no unknown": ["neither", "Other language; meaning unknown"],
  "unknown yes": ["meaning", "Same meaning; language unknown"],
  "unknown no": ["neither", "Other meaning; language unknown"],
  "unknown unknown": ["neither", "Unknown"],
};

/** Say what a hit shares: {language, meaning} as yes, no or unknown, a class and words. */
export function shared(hit, query) {
  const known = query.lang !== "und" && hit.lang !== "und";
  const language = known ? answer(hit.same_language) : "unknown";
  return describe(language, answer(hit.same_meaning));
}

/** Describe a pair of answers. */
export function describe(language, meaning) {
  const [kind, words] = WORDS[`${language} ${meaning}`];
  return { language, meaning, kind, words };
}

/** Draw it; the words beside it say the same, so it is hidden from who cannot see. */
export function mark(share) {
  return svg("svg", { class: `mark ${share.kind}`, viewBox: "0 0 30 19", "aria-hidden": "true" },
    svg("circle", { class: share.language, cx: 10, cy: 9.5, r: 7.5 }),
    svg("circle", { class: share.meaning, cx: 20, cy: 9.5, r: 7.5 }));
}

function answer(value) {
  return value === null ? "unknown" : value ? "yes" : "no";
}
