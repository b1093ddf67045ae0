/** What the page shows stands in its address: back, forward, reload and a shared link work. */

const FIELDS = ["view", "q", "id", "lang", "in", "k", "debias", "merging", "mode", "exact", "by", "group", "colour", "audit"];
const HOW = ["in", "k", "debias", "merging", "mode", "exact", "by"];
const LONGEST = 1000;

/** Read the address. */
export function here() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(FIELDS.filter((f) => given.get(f)).map((f) => [f, given.get(f)]));
}

/** Write an address. */
export function address(wanted) {
  const kept = FIELDS.filter((f) => wanted[f]).map((f) => [f, wanted[f]]);
  const query = new URLSearchParams(kept).toString();
  return query ? `?${query}` : location.pathname;
}

/** What of an address says how is searched, not what for. */
export function howOf(wanted) {
  return Object.fromEntries(HOW.filter((f) => wanted[f]).map((f) => [f, wanted[f]]));
}

/** The address that searches with a document; a long text is named by its id alone. */
export function searchWith(document, wanted, vectorsOnly) {
  const short = document.text.length <= LONGEST && !vectorsOnly && document.whole !== false;
  const asked = short ? { q: document.text, id: document.id, lang: document.lang } : { id: document.id };
  return address({ ...howOf(wanted), ...asked });
}

/** Go to an address as if it had been typed. */
export function go(to) {
  history.pushState(null, "", to);
  dispatchEvent(new Event("navigate-here"));
}

/** Call back for every change of the address, the first one at once. */
export function follow(show) {
  addEventListener("popstate", () => show(here(), false));
  addEventListener("navigate-here", () => show(here(), true));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-link]");
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented) return;
    event.preventDefault();
    go(link.getAttribute("href") === "." ? location.pathname : link.getAttribute("href"));
  });
  show(here(), false);
}
