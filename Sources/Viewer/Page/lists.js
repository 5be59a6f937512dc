// Lists: runs, tasks, trajectories, failures, places where words were found.
import { element, figuresLine } from "/parts.js";
import { bar, count, duration, money, number, progress, short, stateNames, tokens } from "/figures.js";

/**
 * Brings the children of an element up to date. What has not changed stays as it is, with its focus and what was
 * opened in it.
 */
export function reconcile(parent, items, keyOf, make) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const key = String(keyOf(item));
    const text = JSON.stringify(item);
    const known = old.get(key);
    if (known && known.shownText === text) return known;
    const made = make(item, known);
    made.dataset.key = key;
    made.shownText = text;
    if (known && known.classList.contains("picked-row")) {
      made.classList.add("picked-row");
      if (known.contains(document.activeElement)) queueMicrotask(() => (made.querySelector("a, summary") ?? made).focus({ preventScroll: true }));
    }
    return made;
  });
  wanted.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

/** A link that keeps texts of any kind in the address. */
export function link(text, ...path) {
  const made = element("a", "", text);
  made.href = address(...path);
  return made;
}

export const address = (...path) => `#/${path.map((part) => encodeURIComponent(part)).join("/")}`;

/** A table whose rows become cards where the page is narrow. */
export function table(label, headings) {
  const body = element("tbody", "");
  const head = element("tr", "", ...headings.map(([text, side]) => {
    const made = element("th", side ?? "words", text);
    made.scope = "col";
    return made;
  }));
  const made = element("table", "cards", element("thead", "", head), body);
  const box = element("div", "box", made);
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  box.body = body;
  return box;
}

/** @param cells lists of a text or an element, a label and a side; the first names the row. */
export function row(cells) {
  const made = element("tr", "");
  made.dataset.row = "";
  cells.forEach(([content, label, side], place) => {
    const cell = element(place === 0 ? "th" : "td", side ?? "words", content ?? "–");
    if (place === 0) cell.scope = "row";
    else cell.dataset.label = label;
    made.append(cell);
  });
  return made;
}

// MARK: runs

export function runCard(run) {
  const settings = run.settings.map(([name, value]) => `${name} ${value}`);
  const heading = element("h2", "", link(run.isOfCritic ? `Answers of a critic, ${run.name}` : `${run.verb} · ${run.method}`, "run", run.id));
  const made = element(
    "article", "run", heading,
    element("p", "identity", `${run.world} · ${run.isOfCritic ? run.critic ?? "" : run.policy}`));
  made.dataset.row = "";
  if (run.progress && run.state !== "done") {
    made.append(progress(run));
  } else if (run.state !== "done") {
    made.append(element("p", "headline", element("span", `state ${run.state}`, stateNames[run.state] ?? run.state)));
  }
  const told = run.isOfCritic ? [`${count(run.calls)} answers`] : [
    `${count(run.tasks)} tasks` + (run.openTasks > 0 ? `, ${count(run.openTasks)} under way` : ""),
    `${count(run.trajectories)} trajectories` + (run.culled > 0 ? ` and ${count(run.culled)} culled` : ""),
    run.failed > 0 ? `${count(run.failed)} failed` : "",
    `${count(run.calls)} calls`,
  ];
  told.push(tokens(run.tokens), run.cost === undefined ? "" : `cost ${money(run.cost)}`);
  made.append(figuresLine(told));
  if (run.rewardBest !== undefined) {
    made.append(element("p", "rewards", `best reward ${number(run.rewardBest)} · mean ${number(run.rewardMean)} (means over tasks)`));
  }
  made.append(element("p", "quiet", [`run ${run.name}`, `started ${run.startedAt} UTC`, `seed ${run.seed}`, ...settings].join(" · ")));
  return made;
}

// MARK: tasks

export const taskHeadings = [
  ["task"], ["best", "number"], ["mean", "number"], ["attempts", "number"], ["failed", "number"], ["calls", "number"],
  ["tokens"], ["request"],
];

export function taskRow(run, task) {
  const name = element("span", "", link(task.task, "run", run.id, "task", task.task));
  if (task.isOpen) name.append(" ", element("span", "state running", "running"));
  const attempts = count(task.trajectories) + (task.culled > 0 ? ` + ${count(task.culled)} culled` : "");
  return row([
    [name, "task"], [number(task.rewardBest), "best", "number"], [number(task.rewardMean), "mean", "number"],
    [attempts, "attempts", "number"], [task.failed > 0 ? element("span", "bad", count(task.failed)) : "0", "failed", "number"],
    [count(task.calls), "calls", "number"],
    [tokens(task.tokens) + (task.cost !== undefined ? `, cost ${money(task.cost)}` : ""), "tokens"],
    [element("span", "clip", task.request), "request"],
  ]);
}

// MARK: trajectories

export function attemptName(attempt) {
  if (attempt.standing === "final") return `particle ${attempt.particle}`;
  if (attempt.standing === "running") return `particle ${attempt.particle}, running`;
  if (attempt.standing === "banked") return `particle ${attempt.particle}, banked`;
  return `particle ${attempt.particle}, ${attempt.standing.replace("culled", "culled after step")}`;
}

export function attemptEnd(attempt) {
  if (attempt.failure) return `failed: ${attempt.failure}`;
  if (attempt.standing === "running") return attempt.isDone ? "done, others go on" : attempt.latest ? `now: ${attempt.latest}` : "running";
  if (attempt.standing.startsWith("culled")) return attempt.standing.replace("culled", "culled after step");
  return attempt.isDone ? "done" : "cut or left unfinished";
}

export const attemptHeadings = [["trajectory"], ["steps", "number"], ["reward", "number"], ["log-weight", "number"], ["end"], [""]];

export function attemptRow(run, attempt, compare) {
  const name = element("span", "", link(attemptName(attempt), ...attemptPath(run.id, attempt)));
  const button = element("button", "small", "Compare");
  button.type = "button";
  button.addEventListener("click", () => compare(attempt));
  const made = row([
    [name, "trajectory"], [count(attempt.steps), "steps", "number"], [number(attempt.reward), "reward", "number"],
    [number(attempt.logWeight), "log-weight", "number"],
    [element("span", attempt.failure ? "clip bad" : "clip", attemptEnd(attempt)), "end"], [button, ""],
  ]);
  made.attempt = attempt;
  return made;
}

export const attemptPath = (run, attempt) => ["run", run, "task", attempt.task, "at", attempt.particle, attempt.standing];

// MARK: failures and words

export function failureList(failures, chosen, choose) {
  if (failures.reasons.length === 0) return element("p", "quiet", "No attempt has failed.");
  const most = Math.max(...failures.reasons.map((reason) => reason.count));
  return element("div", "reasons", ...failures.reasons.map((reason) => {
    const button = element("button", "", `${count(reason.count)} × ${reason.clause}`);
    button.type = "button";
    button.setAttribute("aria-pressed", String(chosen === reason.kind));
    button.addEventListener("click", () => choose(chosen === reason.kind ? "" : reason.kind));
    return element(
      "div", "reason", button, bar(reason.count / most, reason.clause), element("p", "quiet", `For example: ${reason.example}`),
      element("p", "quiet", `To change: ${reason.remedy}.`));
  }));
}

const placeNames = {
  task: "name of the task", request: "request", opening: "opening", response: "answer", action: "action",
  observation: "observation", call: "answer of a running attempt",
};

export function hitRow(run, hit) {
  const path = hit.standing === undefined || hit.standing === null
    ? ["run", run.id, "task", hit.task] : [...attemptPath(run.id, hit), "step", hit.step];
  const where = [hit.task];
  if (hit.standing) where.push(attemptName(hit), hit.step === 0 ? "start" : `step ${hit.step}`);
  where.push(placeNames[hit.place] ?? hit.place);
  const made = element(
    "li", "hit-row", link(where.join(" · "), ...path),
    element("p", "snippet", hit.before, element("mark", "", hit.found), hit.after));
  made.dataset.row = "";
  return made;
}

/** Where a list goes on. */
export function pager(page, shown, more) {
  const made = element("p", "pager");
  if (page.total !== undefined && page.total !== null) made.append(element("span", "quiet", `${count(shown)} of ${count(page.total)}`));
  else made.append(element("span", "quiet", `${count(shown)} found${page.hasMore ? " so far" : ""}`));
  if (page.hasMore) {
    const button = element("button", "", "Show more");
    button.type = "button";
    button.addEventListener("click", more);
    made.append(" ", button);
  }
  return made;
}

export { duration, short };
