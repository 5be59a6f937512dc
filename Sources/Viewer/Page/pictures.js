// Pictures of populations and trees. They come from this program, well formed and with every text escaped.
import { element } from "/parts.js";

function parsed(svg) {
  const found = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  if (found.nodeName !== "svg") throw new Error("The picture cannot be read.");
  return document.importNode(found, true);
}

/** Says that a box is wider than the page, where it is. */
export function hintAt(box) {
  const hint = element("p", "hint", "Scroll sideways to see all of it →");
  const look = () => { hint.hidden = box.scrollWidth <= box.clientWidth + 1; };
  new ResizeObserver(look).observe(box);
  queueMicrotask(look);
  return hint;
}

/** Shows a picture; a click on a line calls `open(line)` with its trajectory. */
export function show(figure, picture, open) {
  // Lines change where the picture does not, such as when an attempt ends.
  figure.lines = picture.lines;
  if (figure.shownText === picture.svg) return;
  figure.shownText = picture.svg;
  const scrolled = figure.querySelector(".box")?.scrollLeft ?? 0;
  const svg = parsed(picture.svg);
  const box = element("div", "box", svg);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", picture.kind === "tree" ? "Picture of the search tree" : "Picture of the population");
  const lines = [...svg.querySelectorAll("[data-line]")];
  function choose(event) {
    const line = figure.lines[Number(event.target.closest("[data-line]")?.dataset.line)];
    if (line) open(line);
  }
  svg.addEventListener("click", choose);
  svg.addEventListener("keydown", (event) => {
    const mark = event.target.closest("g[data-line]");
    if (!mark) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      const next = lines[lines.indexOf(mark) + by];
      if (next) next.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      choose(event);
    }
  });
  for (const mark of lines) mark.setAttribute("tabindex", mark === lines[0] ? "0" : "-1");
  const words = picture.kind === "tree"
    ? "Every visited state, numbered in the order of growth. Click one to read an attempt that went through it: the best finished one, if one finished."
    : "Click a line to read that particle. Colours are the critic's value V where a segment ends.";
  figure.replaceChildren(box, hintAt(box), element("figcaption", "help", words));
  box.scrollLeft = scrolled;
}
