/** The corpus as a map: colour and shape for language or meaning, read by hover or keys, click to search. */

import { address, go, here, howOf, searchWith } from "./address.js";
import { get } from "./api.js";
import { requested } from "./controls.js";
import { counted, el, say, svg } from "./dom.js";
import { language, look, nameOf, written } from "./languages.js";
import { describe, mark } from "./marks.js";
import { nearest } from "./walk.js";
import { notice, waiting } from "./states.js";

const WIDE = 860;
const HIGH = 580;
const LIMIT = 2500;
const EDGE = 18;
const SERIES = 14;
const BESIDE = 324;
const STACKED = 896;

/** Show the view. */
export async function showMap(wanted, service, main, signal) {
  const timer = setTimeout(() => main.replaceChildren(waiting("Drawing the map")), 150);
  const { debias } = requested(wanted, service.options.own);
  const found = await get(`v1/map?limit=${LIMIT}${debias ? `&debias=${debias}` : ""}`, signal).finally(() => clearTimeout(timer));
  const title = el("h1", {}, "The corpus as a map");
  if (!found.points.length) return [title, notice("There is no map", "It takes three documents that differ.")];
  const byMeaning = wanted.colour === "meaning";
  const series = seriesOf(found.points, service, byMeaning);
  const noun = service.index.chunking ? "chunk" : "document";
  say(`${counted(found.points.length, noun)} drawn.`);
  return [title, about(found, byMeaning, noun), switches(wanted, found.points), ...picture(found.points, series, wanted, service)];
}

function about(found, byMeaning, noun) {
  const [x, y] = found.explained.map((share) => `${(100 * share).toFixed(0)} %`);
  const all = found.points.length === found.documents ? "" : ` of ${found.documents.toLocaleString("en")}, whole groups first`;
  return el("p", { class: "quiet" }, `${counted(found.points.length, noun)}${all}. Across and up: the two directions in which they vary most (${x} and ${y} of the variance)`,
    `${found.debias === "none" ? "" : `, after ${found.debias}`}. `,
    byMeaning ? "Where meaning counts, versions of one meaning lie together." : "Where language counts more than meaning, languages lie apart.");
}

function switches(wanted, points) {
  const grouped = points.some((point) => point.group !== null);
  const one = (value, text) => el("label", {}, el("input", {
    type: "radio", name: "colour", value, checked: (wanted.colour ?? "language") === value, disabled: value === "meaning" && !grouped,
    onchange: () => go(address({ ...here(), colour: value === "language" ? "" : value })) }), text);
  return el("fieldset", { class: "switch" }, el("legend", {}, "Colour by"), one("language", "language"),
    one("meaning", grouped ? "meaning" : "meaning (unknown: no document has a group)"));
}

/** The key of each point and how each key is drawn; what no colour is left for is "rest". */
function seriesOf(points, service, byMeaning) {
  const key = byMeaning ? (point) => point.group : (point) => point.lang;
  const sizes = new Map();
  for (const point of points) if (key(point) !== null) sizes.set(key(point), (sizes.get(key(point)) ?? 0) + 1);
  const names = byMeaning
    ? evenly([...sizes].filter(([, n]) => n > 1).map(([name]) => name))
    : service.languages.map(({ lang }) => lang).filter((lang) => sizes.has(lang)).slice(0, 42);
  const looks = new Map(names.map((name, n) => [name, look(n)]));
  return { key, names, sizes, byMeaning, of: (point) => looks.get(key(point)) ?? { colour: "rest", shape: look(0).shape } };
}

/** At most as many names as there are looks, from the whole list. */
const evenly = (names) => names.filter((_, n) => n % Math.ceil(names.length / SERIES) === 0);

function picture(points, series, wanted, service) {
  const placed = place(points);
  const grow = growth();
  const lines = svg("g", { class: "links" });
  const card = el("div", { class: "card" }, "Point at a document, or use the arrow keys, to read it.");
  const marks = placed.map((point, n) => {
    const { colour, shape } = series.of(point);
    return svg("path", { class: `point ${colour}`, d: shape, transform: `translate(${point.px} ${point.py}) scale(${grow})`, "data-n": n });
  });
  const ring = svg("circle", { class: "ring", r: 9 * grow, visibility: "hidden" });
  const board = svg("svg", {
    class: "board", viewBox: `0 0 ${WIDE} ${HIGH}`, tabindex: "0", role: "application",
    "aria-label": "Map of documents. Arrow keys go to the next document in that direction, Enter searches with it.",
  }, lines, svg("g", {}, [...marks].sort((a, b) => b.classList.contains("rest") - a.classList.contains("rest"))), ring);
  let at = null;

  function read(n, aloud) {
    at = n;
    const point = placed[n];
    const kin = point.group === null ? [] : placed.filter((other) => other !== point && other.group === point.group);
    ring.setAttribute("cx", point.px);
    ring.setAttribute("cy", point.py);
    ring.setAttribute("visibility", "visible");
    lines.replaceChildren(...kin.map((other) => svg("line", { x1: point.px, y1: point.py, x2: other.px, y2: other.py })));
    card.replaceChildren(...described(point, kin));
    if (aloud) say(`${nameOf(point.lang)}: ${point.text}`);
  }

  function described(point, kin) {
    return [language(point.lang), written(point.text, point.lang, "a", { class: "text", href: to(point), "data-link": true }),
      point.group === null ? el("small", {}, "meaning unknown") : el("small", {}, mark(describe("no", "yes")),
        ` joined to ${counted(kin.length, "version")} of its meaning. `,
        el("a", { href: address({ ...howOf(wanted), view: "languages", group: point.group }), "data-link": true }, "Ask in every language"))];
  }

  const to = (point) => searchWith({ ...point, whole: point.text.length < 240 }, wanted, service.index.vectors_only);
  board.addEventListener("pointermove", (event) => {
    const n = under(event, board, placed);
    if (n !== null && n !== at) read(n, false);
  });
  board.addEventListener("click", (event) => {
    const n = under(event, board, placed);
    if (n === null) return;
    if (event.pointerType === "mouse") go(to(placed[n]));
    else read(n, true);
  });
  board.addEventListener("focus", () => at === null && read(nearest(placed, { px: WIDE / 2, py: HIGH / 2 }), true));
  board.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && at !== null) {
      go(to(placed[at]));
      return;
    }
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = nearest(placed, placed[at ?? 0], direction);
    if (next !== null) read(next, true);
  });
  return [el("div", { class: "map" }, el("div", { class: "frame" }, board), el("div", { class: "beside" }, card, legend(series, marks, placed)))];
}

/** How much larger points are drawn, so that they keep their size where the board is small. */
function growth() {
  const wide = document.getElementById("main").clientWidth;
  const board = innerWidth > STACKED ? wide - BESIDE : wide;
  return Math.round(100 * Math.min(1.9, Math.max(1, WIDE / board))) / 100;
}

/** Points in the picture, x to the right and y up, both on the same scale. */
function place(points) {
  const range = (values) => [Math.min(...values), Math.max(...values)];
  const [left, right] = range(points.map((p) => p.x));
  const [low, high] = range(points.map((p) => p.y));
  const scale = Math.min((WIDE - 2 * EDGE) / (right - left || 1), (HIGH - 2 * EDGE) / (high - low || 1));
  const round = (value) => Math.round(10 * value) / 10;
  return points.map((p) => ({
    ...p,
    px: round(WIDE / 2 + (p.x - (left + right) / 2) * scale),
    py: round(HIGH / 2 - (p.y - (low + high) / 2) * scale),
  }));
}

/** The point under the pointer, or the nearest within reach. */
function under(event, board, placed) {
  const here = new DOMPoint(event.clientX, event.clientY).matrixTransform(board.getScreenCTM().inverse());
  const spot = { px: here.x, py: here.y };
  const n = nearest(placed, spot);
  const reach = (event.pointerType === "mouse" ? 14 : 26) / Math.min(1, board.getScreenCTM().a);
  return Math.hypot(placed[n].px - spot.px, placed[n].py - spot.py) <= reach ? n : null;
}

/** Names of the series; a press shows that one alone. */
function legend(series, marks, placed) {
  let alone = null;
  const entries = series.names.map((name) => {
    const sample = placed.find((point) => series.key(point) === name);
    const { colour, shape } = series.of(sample);
    const text = series.byMeaning ? written(sample.text.slice(0, 60), sample.lang) : `${nameOf(name)}`;
    return el("button", { type: "button", "aria-pressed": "false", onclick: () => press(name) },
      svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, svg("path", { class: `point ${colour}`, d: shape })), text,
      el("small", {}, ` ${series.sizes.get(name)}`));
  });
  function press(name) {
    alone = alone === name ? null : name;
    entries.forEach((entry, n) => entry.setAttribute("aria-pressed", String(series.names[n] === alone)));
    marks.forEach((one, n) => one.classList.toggle("dim", alone !== null && series.key(placed[n]) !== alone));
  }
  return el("div", { class: "legend", role: "group", "aria-label": "Show one alone" }, entries);
}
