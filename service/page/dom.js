/** Elements made in one call; text is always set as text, so that none ever becomes markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an HTML element: properties beginning with "on" listen, null and false are left out. */
export function el(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

/** Make an SVG element. */
export function svg(name, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

function fill(node, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return node;
}

/** Find an element that the page always has. */
export const byId = (id) => document.getElementById(id);

/** Say something to who listens rather than looks. */
export function say(text) {
  byId("status").textContent = text;
}

/** Write a count with its noun: "1 document", "2,016 documents", "2 queries". */
export function counted(n, noun, many = `${noun}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? noun : many}`;
}
