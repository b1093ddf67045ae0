/** The audit view: start one, watch it, read the report; and those that are kept. */

import { address, go, here } from "./address.js";
import { call, events, get, post, Problem } from "./api.js";
import { counted, el, say } from "./dom.js";
import { notice, problemBox } from "./states.js";

const ENDED = new Set(["done", "failed", "cancelled"]);

/** Show the view. */
export async function showAudit(wanted, service, main, signal) {
  const title = el("h1", {}, "Audit");
  if (!service.index.documents) return [title, notice("The index is empty", "There is nothing to audit.")];
  const [{ audits }, { jobs }] = await Promise.all([get("v1/audits", signal), get("v1/audit-jobs", signal)]);
  const under = jobs.find((job) => !ENDED.has(job.state));
  const stage = el("div", { class: "stage" });
  if (under) watch(under, stage, signal);
  const chosen = wanted.audit ? await reportOf(wanted.audit, audits, signal) : null;
  return [title,
    el("p", { class: "quiet" }, "Every document, or a sample of them, asks for its neighbours; what they share is held against chance in every language. No document is changed; the audit is kept with the index."),
    startForm(service, stage, signal), stage, kept(audits, wanted), chosen].filter(Boolean);
}

function startForm(service, stage, signal) {
  const all = service.index.documents;
  const sizes = [200, 1000, 2000].filter((n) => n < all);
  const sample = el("select", { name: "sample" }, [...sizes, 0].map((n) => el("option", { value: n, selected: n === (sizes[1] ?? 0) },
    n ? `${n.toLocaleString("en")} of ${all.toLocaleString("en")} documents` : `all ${counted(all, "document")}`)));
  const seed = el("input", { name: "seed", type: "number", min: 0, max: 2147483647, step: 1, value: 0, required: true });
  const button = el("button", { class: "main" }, "Start an audit");
  return el("form", { class: "order", onsubmit: async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const job = await post("v1/audits", { k: [1, 5, 10], sample: Number(sample.value), seed: Number(seed.value) }, signal);
      await watch(job, stage, signal);
    } catch (error) {
      fail(error, stage, () => event.target.requestSubmit());
    } finally {
      button.disabled = false;
    }
  } }, el("label", {}, "Who asks", sample), el("label", {}, "Seed", seed), button);
}

/** Follow a job by its events until its end; then open the report. */
async function watch(job, stage, signal) {
  const words = el("p", { id: "progress-words" });
  const bar = el("progress", { "aria-labelledby": "progress-words" });
  const cancel = el("button", { type: "button", onclick: () => call("DELETE", `v1/audit-jobs/${job.id}`, undefined, signal).catch((e) => fail(e, stage, () => cancel.click())) }, "Cancel");
  stage.replaceChildren(el("section", { class: "notice progress", "aria-label": "Audit under way" }, words, el("div", { class: "row" }, bar, cancel)));
  try {
    show(job);
    for await (const { data } of events(`v1/audit-jobs/${job.id}/events`, signal)) show(data);
    if (!ENDED.has(job.state)) throw new Problem(0, { detail: "The service stopped telling of the audit." });
    end(job, stage);
  } catch (error) {
    fail(error, stage, () => watch(job, stage, signal));
  }

  function show(status) {
    const begun = status.state !== job.state || !words.textContent;
    job = status;
    if (status.total) Object.assign(bar, { max: status.total, value: status.done });
    words.textContent = status.state === "queued" ? "It waits for another audit." : status.total
      ? `${status.done.toLocaleString("en")} of ${counted(status.total, "query", "queries")} answered.` : "It is being prepared.";
    if (begun) say(words.textContent);
  }
}

function end(job, stage) {
  if (job.state === "done") {
    say("The audit is done.");
    if (job.audit) go(address({ ...here(), audit: job.audit }));
    else show(`job ${job.id}`, `v1/audit-jobs/${job.id}/audit`).then((section) => stage.replaceChildren(notice("Done", job.note ?? ""), section));
    return;
  }
  const words = job.state === "cancelled" ? "The audit was cancelled." : `The audit failed: ${job.note ?? "no reason was given"}.`;
  say(words);
  stage.replaceChildren(el("section", { class: job.state === "failed" ? "notice bad" : "notice", role: "alert" }, el("p", {}, words)));
}

function fail(error, stage, again) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Problem)) throw error;
  stage.replaceChildren(problemBox(error, again));
}

/** The audits kept in the index, the newest first. */
function kept(audits, wanted) {
  if (!audits.length) return el("p", { class: "quiet" }, "No audit of this index is kept yet.");
  return el("section", { class: "kept" }, el("h2", {}, "Kept audits"), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Kept audits, scrolls sideways" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Audit", "Made", "By", "Queries", "Debiasing", "Excess (0 is chance)"].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, [...audits].sort((a, b) => b.id - a.id).map(({ id, created, summary }) => el("tr", {},
      el("th", { scope: "row" }, el("a", { href: address({ view: "audit", audit: id }), "data-link": true, "aria-current": String(id) === wanted.audit ? "true" : null }, `No. ${id}`)),
      el("td", {}, el("time", { datetime: created }, new Date(created).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }))),
      el("td", {}, summary.mode ?? ""), el("td", {}, summary.queries?.toLocaleString("en") ?? ""), el("td", {}, summary.transform || "none"),
      el("td", {}, excess(summary.excess))))))));
}

function excess(found) {
  if (found?.value === null || found?.value === undefined) return "undefined";
  const within = found.low === null || found.low === undefined ? "" : ` (${found.low.toFixed(3)} to ${found.high.toFixed(3)})`;
  return `${found.value.toFixed(3)}${within}`;
}

async function reportOf(id, audits, signal) {
  if (!audits.some((audit) => String(audit.id) === id)) return notice(`No audit ${id}`, "It is not among those that are kept.");
  return show(`No. ${id}`, `v1/audits/${id}`, signal);
}

/** The report as its own document in a sandbox: it holds texts of the corpus and its own scripts. */
async function show(name, path, signal) {
  const { url } = await post("v1/report-links", { path: `/${path}` }, signal);
  const to = url.replace(/^\//, "");
  return el("section", { class: "shown", "aria-label": `Report of audit ${name}` },
    el("div", { class: "row" }, el("h2", {}, `Audit ${name}`), el("a", { href: to, target: "_blank", rel: "noopener" }, "Open alone")),
    el("iframe", { src: to, title: `Report of audit ${name}`, sandbox: "allow-scripts allow-downloads", loading: "eager" }));
}
