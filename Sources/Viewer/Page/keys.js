// Keys. Rows and steps are elements with the attribute data-row; one of them is picked.

export function rows() {
  return [...document.querySelectorAll("#main [data-row]")].filter((row) => row.offsetParent !== null);
}

export function picked() {
  return document.querySelector("#main [data-row].picked-row");
}

export function pick(row, { focus = true } = {}) {
  for (const old of document.querySelectorAll("#main .picked-row")) old.classList.remove("picked-row");
  if (!row) return;
  row.classList.add("picked-row");
  if (focus) {
    (row.querySelector("a, summary") ?? row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
}

function move(by) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(picked());
  pick(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)]);
}

/** @param actions what the view does: open(row), back(), compare(row), neighbour(by). */
export function listen(actions) {
  const help = document.getElementById("help");
  document.getElementById("help-button").addEventListener("click", () => help.showModal());
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("#main [data-row]");
    if (row) pick(row, { focus: false });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (help.open) return;
    const field = event.target.closest("input, select, textarea");
    if (field) {
      if (event.key === "Escape") field.blur();
      return;
    }
    const keys = {
      j: () => move(1),
      k: () => move(-1),
      "/": () => document.querySelector("#main input[type=search]")?.focus(),
      "?": () => help.showModal(),
      Escape: () => actions.back(),
      c: () => picked() && actions.compare(picked()),
      n: () => actions.neighbour(1),
      p: () => actions.neighbour(-1),
    };
    if (event.key === "Enter") {
      // Links, buttons and summaries open by themselves.
      if (event.target.closest("a, button, summary") || !picked()) return;
      event.preventDefault();
      actions.open(picked());
      return;
    }
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
