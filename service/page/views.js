/** The other views by name, in the order of the navigation. */

import { showAudit } from "./audit.js";
import { showLanguages } from "./matrix.js";
import { showMap } from "./map.js";

/** controls: those that matter there; a view that names some asks no question of its own. */
export const VIEWS = {
  languages: { title: "Every language", show: showLanguages, controls: ["debias", "merging", "mode", "k"] },
  map: { title: "Map", show: showMap, controls: ["debias"] },
  audit: { title: "Audit", show: showAudit, controls: [] },
};
