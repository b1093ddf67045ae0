/** Walking over points in the plane. */

/** The index of the point nearest to a spot; with a direction, only of those that lie that way. */
export function nearest(points, spot, direction = null) {
  let best = null;
  let least = Infinity;
  points.forEach((point, n) => {
    const dx = point.px - spot.px;
    const dy = point.py - spot.py;
    let cost = dx * dx + dy * dy;
    if (direction) {
      const along = dx * direction[0] + dy * direction[1];
      const aside = Math.abs(dx * direction[1] + dy * direction[0]);
      if (along <= 0 || aside > 2 * along) return;
      cost = (along + 2 * aside) ** 2;
    }
    if (cost < least) [best, least] = [n, cost];
  });
  return best;
}
