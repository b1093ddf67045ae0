/** Two lists of the same question: where every document has moved. */

/** For each id of `after`: by how many ranks it rose (negative: fell), null when it is new. */
export function moves(before, after) {
  const rank = new Map(before.map((hit) => [hit.id, hit.rank]));
  return new Map(after.map((hit) => [hit.id, rank.has(hit.id) ? rank.get(hit.id) - hit.rank : null]));
}

/** The ids of `before` that are not in `after`. */
export function gone(before, after) {
  const left = new Set(after.map((hit) => hit.id));
  return new Set(before.filter((hit) => !left.has(hit.id)).map((hit) => hit.id));
}
