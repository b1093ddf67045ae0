/** Calls of the service, with the token where one is needed; every failure is a Problem. */

const KEY = "interlingua-token";
let token = remembered();
let newest = null;

/** What went wrong: a problem document of the service, or no answer at all (status 0). */
export class Problem extends Error {
  constructor(status, document, wait) {
    super(document.detail ?? "");
    this.status = status;
    this.remedy = document.remedy ?? "";
    this.slug = (document.type ?? "").split(":").pop();
    this.wait = wait;
    this.tried = Boolean(token);
  }
}

/** Use a token from now on; it is forgotten when the tab is closed. */
export function useToken(value) {
  token = value.trim();
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Where storage is forbidden it lasts until the page is loaded again.
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** Send a request and return the response; anything but success is thrown as a Problem. */
export async function send(method, path, body, signal) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, {
      method, headers, signal, credentials: "omit", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The service cannot be reached." });
  }
  if (response.ok) return response;
  const document = await response.json().catch(() => ({ detail: `status ${response.status}` }));
  throw new Problem(response.status, document, Number(response.headers.get("Retry-After")) || 0);
}

/** The number of the state that the last answer came from, null before the first. */
export const newestState = () => newest;

/** Send a request and read its JSON. */
export async function call(method, path, body, signal) {
  const response = await send(method, path, body, signal);
  try {
    const answer = await response.json();
    if (typeof answer.state === "number") newest = answer.state;
    return answer;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The answer broke off." });
  }
}

export const get = (path, signal) => call("GET", path, undefined, signal);
export const post = (path, body, signal) => call("POST", path, body, signal);

/** Yield server-sent events as {event, data}; EventSource could not send the token. */
export async function* events(path, signal) {
  const response = await send("GET", path, undefined, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const lines = part.split("\n").map((line) => line.split(/: ?(.*)/s));
      const fields = Object.fromEntries(lines.filter(([name]) => name));
      if (fields.data) yield { event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}
