/** Languages: their names in words, and a colour and a shape for each. */

import { el } from "./dom.js";

const COLOURS = 7;
const SHAPES = [
  "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
  "M-3.6-3.6H3.6V3.6H-3.6Z",
  "M0-5L5 0L0 5L-5 0Z",
  "M0-5L4.6 3.6H-4.6Z",
  "M-1.6-4.8H1.6V-1.6H4.8V1.6H1.6V4.8H-1.6V1.6H-4.8V-1.6H-1.6Z",
  "M0 5L-4.6-3.6H4.6Z",
];
const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

/** Name a language in English. */
export function nameOf(lang) {
  if (lang === "und") return "Unknown language";
  try {
    return names.of(lang) ?? lang;
  } catch {
    return lang;
  }
}

/** Show a language: its name and its tag. */
export function language(lang) {
  const name = nameOf(lang);
  return el("span", { class: "lang" }, name, name === lang ? null : " ", name === lang ? null : el("code", {}, lang));
}

/** The colour (a class) and shape (a path) of the n-th of several: 42 differ, both in use. */
export const look = (n) => ({ colour: `c${n % COLOURS}`, shape: SHAPES[n % SHAPES.length] });

/** Set a text as the text of its language; unknown ones find their direction by themselves. */
export function written(text, lang, name = "bdi", more = {}) {
  return el(name, { dir: "auto", lang: lang === "und" ? "" : lang, ...more }, text);
}
