"use strict";
// Draws the figures in the reader's colours, again whenever scheme, width, view or medium change.
(() => {
  const PAPER = { width: 640, height: 820 }; // CSS pixels that A4 and US Letter both have
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const boxes = [...document.querySelectorAll("[data-plot]")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");
  const views = {};
  let printing = print.matches;

  // A pair of colours is an object with two keys that no figure of plotly has.
  const resolve = (value, scheme) => {
    if (Array.isArray(value)) return value.map((each) => resolve(each, scheme));
    if (value === null || typeof value !== "object") return value;
    if ("$light" in value) return value[scheme];
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, scheme)]));
  };

  const draw = (box) => {
    const figure = figures[box.dataset.plot][views[box.dataset.plot] ?? 0];
    const scheme = dark.matches && !printing ? "$dark" : "$light";
    const room = printing ? PAPER.width : box.parentElement.clientWidth;
    const width = Math.max(figure.min_width, Math.min(figure.max_width, room));
    const options = {
      displaylogo: false,
      displayModeBar: figure.tools,
      // Named one by one: plotly's own choice has a button that sends the data to a server.
      modeBarButtons: [["zoomIn2d", "zoomOut2d", "resetScale2d"], ["zoom2d", "pan2d"]],
      doubleClick: figure.tools ? "reset" : false,
    };
    // What is too large for paper is made smaller, since paper does not scroll.
    const fit = Math.min(1, PAPER.width / width, PAPER.height / figure.layout.height);
    box.style.zoom = printing ? fit : "";
    Plotly.react(
      box,
      resolve(figure.data, scheme),
      { ...resolve(figure.layout, scheme), width },
      options,
    );
    box.dataset.drawn = `${scheme} ${width} ${views[box.dataset.plot] ?? 0}`;
  };

  const drawAll = () => boxes.forEach(draw);

  const opened = [];
  const setPrinting = (on) => {
    if (on === printing && opened.length) return;
    printing = on;
    if (on) {
      for (const part of document.querySelectorAll("details:not([open], .unprinted)")) {
        part.open = true;
        opened.push(part);
      }
    } else {
      for (const part of opened.splice(0)) part.open = false;
    }
    drawAll();
  };

  dark.addEventListener("change", drawAll);
  print.addEventListener("change", () => setPrinting(print.matches));
  addEventListener("beforeprint", () => setPrinting(true));
  addEventListener("afterprint", () => setPrinting(false));

  for (const choice of document.querySelectorAll("[data-switch]")) {
    choice.addEventListener("change", (event) => {
      views[choice.dataset.switch] = Number(event.target.value);
      boxes.filter((box) => box.dataset.plot === choice.dataset.switch).forEach(draw);
    });
  }

  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width && !printing) {
      width = innerWidth;
      drawAll();
    }
  });

  if (printing) setPrinting(true);
  else drawAll();
})();
