// The page: what the address names is shown, and kept up to date.
import { element } from "/parts.js";
import { count, progress, timeLeft } from "/figures.js";
import { ask, follow } from "/live.js";
import { listen, pick, picked, rows } from "/keys.js";
import * as lists from "/lists.js";
import * as pictures from "/pictures.js";
import * as talks from "/talk.js";

const main = document.getElementById("main");
const trouble = document.getElementById("trouble");
/** What is shown: { key, update(change), … }. */
let view;
/** A trajectory that the next one is compared with. */
let marked;

const path = () => location.hash.replace(/^#\/?/, "").split("/").filter((part) => part !== "").map(decodeURIComponent);
const go = (...parts) => { location.hash = lists.address(...parts); };

function complain(error) {
  trouble.textContent = error ? error.message : "";
  trouble.hidden = !error;
}

/** Runs the newest of several requests for the same place; at most two a second. */
function freshly(work) {
  let running = false;
  let again = false;
  let last = 0;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      const pause = last + 500 - Date.now();
      if (pause > 0 && last > 0) await new Promise((done) => setTimeout(done, pause));
      last = Date.now();
      try {
        await work();
        complain(undefined);
      } catch (error) {
        complain(error);
      }
    } while (again);
    running = false;
  };
}

function trail(...parts) {
  const list = element("ol", "");
  parts.forEach(([text, ...target], place) => {
    const isLast = place === parts.length - 1;
    const item = element("li", "", isLast ? element("span", "", text) : lists.link(text, ...target));
    if (isLast) item.firstChild.setAttribute("aria-current", "page");
    list.append(item);
  });
  document.getElementById("trail").replaceChildren(list);
  document.title = `${parts.at(-1)[0]} · cox view`;
}

const runName = (run) => `${run.verb} · ${run.method} ${run.name}`;

function search(label, text, changed, entered) {
  const field = element("input", "");
  field.type = "search";
  field.value = text;
  field.placeholder = label;
  field.setAttribute("aria-label", label);
  field.autocomplete = "off";
  field.spellcheck = false;
  let pause;
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => changed(field.value), 200);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(pause);
    entered(field.value);
  });
  return field;
}

function choice(label, options, value, changed) {
  const made = element("select", "", ...options.map(([key, text]) => {
    const option = element("option", "", text);
    option.value = key;
    return option;
  }));
  made.value = value;
  made.setAttribute("aria-label", label);
  made.addEventListener("change", () => changed(made.value));
  return made;
}

// MARK: runs

function runsView() {
  trail(["Runs"]);
  const heading = element("h1", "", "Runs");
  const where = element("p", "subtitle");
  const list = element("div", "runs");
  const critics = element("details", "critics", element("summary", "", "Answers of critics and other servers"), element("div", "runs"));
  main.replaceChildren(heading, where, list, critics);
  return {
    key: "",
    update() {
      const all = state.order.map((id) => state.runs.get(id)).filter(Boolean);
      const own = all.filter((run) => !run.isOfCritic);
      const others = all.filter((run) => run.isOfCritic);
      where.textContent = state.store;
      lists.reconcile(list, own, (run) => run.id, lists.runCard);
      lists.reconcile(critics.lastChild, others, (run) => run.id, lists.runCard);
      critics.hidden = others.length === 0;
      if (own.length === 0) {
        list.replaceChildren(element("p", "quiet", state.state === "missing"
          ? `There is no store ${state.store} yet. The page waits for it.` : "The store has no runs yet. The page waits for them."));
      }
    },
  };
}

// MARK: one run

function runView(id, tab = "tasks") {
  const head = element("div", "run-head");
  const tabs = element("nav", "tabs");
  tabs.setAttribute("aria-label", "Of this run");
  for (const [key, text] of [["tasks", "Tasks"], ["search", "Search"], ["failures", "Failures"], ["settings", "Settings"]]) {
    const made = lists.link(text, "run", id, key);
    if (key === tab) made.setAttribute("aria-current", "page");
    tabs.append(made);
  }
  const body = element("div", "");
  main.replaceChildren(head, tabs, body);
  const part = { tasks: tasksPart, search: searchPart, failures: failuresPart, settings: settingsPart }[tab] ?? tasksPart;
  const own = part(id, body);
  function update(change) {
    const run = state.runs.get(id);
    trail(["Runs"], [run ? runName(run) : id.slice(0, 10)]);
    if (!run) {
      head.replaceChildren(element("h1", "", id.slice(0, 10)), element("p", "quiet", "The store has no such run."));
      return;
    }
    head.replaceChildren(element("h1", "", `${run.verb} · ${run.method}`), element("p", "subtitle", `${run.world} · ${run.policy}`), progress(run));
    if (!change || change.runs.some((other) => other.id === id) ) own(run, change);
  }
  return { key: `run/${id}/${tab}`, update };
}

function tasksPart(id, body) {
  const asked = { words: "", show: "all", sort: "task", limit: 100 };
  const table = lists.table("Tasks", lists.taskHeadings);
  const foot = element("div", "");
  const fetchTasks = freshly(async () => {
    const run = state.runs.get(id);
    if (!run) return;
    const page = await ask("tasks", { run: id, ...asked });
    lists.reconcile(table.body, page.rows, (task) => task.task, (task) => lists.taskRow(run, task));
    foot.replaceChildren(lists.pager(page, page.rows.length, () => {
      asked.limit += 200;
      fetchTasks();
    }));
  });
  function set(key, value) {
    asked[key] = value;
    asked.limit = 100;
    fetchTasks();
  }
  const field = search(
    "Filter by task or request; Enter searches all texts", "", (words) => set("words", words),
    (words) => words.trim() && go("run", id, "search", words.trim()));
  const shown = choice("Which tasks", [["all", "all tasks"], ["running", "under way"], ["done", "done"], ["failed", "with failures"]], "all", (value) => set("show", value));
  const order = choice("Order", [["task", "by name"], ["best", "best first"], ["worst", "worst first"], ["calls", "most calls first"], ["failed", "most failures first"]], "task", (value) => set("sort", value));
  body.replaceChildren(element("div", "controls", field, shown, order), table, foot);
  return () => fetchTasks();
}

function searchPart(id, body) {
  const words = path()[3] ?? "";
  const list = element("ol", "hits");
  const foot = element("div", "");
  let limit = 50;
  const find = freshly(async () => {
    const run = state.runs.get(id);
    if (!run || words === "") return;
    foot.replaceChildren(element("p", "quiet", "Searching …"));
    const page = await ask("search", { run: id, words, limit });
    lists.reconcile(list, page.rows, (hit) => JSON.stringify(hit), (hit) => lists.hitRow(run, hit));
    foot.replaceChildren(lists.pager(page, page.rows.length, () => {
      limit = Math.min(limit + 50, 200);
      find();
    }));
  });
  const field = search(
    "Words in tasks, requests, answers, actions, observations", words, () => {}, (next) => next.trim() && go("run", id, "search", next.trim()));
  body.replaceChildren(element("div", "controls", field), list, foot);
  if (words === "") queueMicrotask(() => field.focus());
  let hasFound = false;
  return () => {
    // A search reads every text, so that it is not repeated with every answer.
    if (!hasFound) find();
    hasFound = true;
  };
}

function failuresPart(id, body) {
  const asked = { kind: "", limit: 100 };
  const reasons = element("div", "");
  const table = lists.table("Failed attempts", lists.attemptHeadings);
  const foot = element("div", "");
  body.replaceChildren(reasons, table, foot);
  const fetchFailures = freshly(async () => {
    const run = state.runs.get(id);
    if (!run) return;
    const failures = await ask("failures", { run: id, ...asked });
    reasons.replaceChildren(lists.failureList(failures, asked.kind, (kind) => {
      asked.kind = kind;
      fetchFailures();
    }));
    lists.reconcile(
      table.body, failures.page.rows, (attempt) => `${attempt.task} ${attempt.particle} ${attempt.standing}`,
      (attempt) => {
        const row = lists.attemptRow(run, attempt, compare);
        row.querySelector("a").prepend(`${attempt.task}, `);
        return row;
      });
    table.hidden = failures.page.rows.length === 0;
    foot.replaceChildren(lists.pager(failures.page, failures.page.rows.length, () => {
      asked.limit += 200;
      fetchFailures();
    }));
  });
  return () => fetchFailures();
}

function settingsPart(id, body) {
  return (run) => {
    const list = [
      ["run", run.id], ["verb", run.verb], ["method", run.method], ["world", `${run.world} ${run.rules}`], ["policy", run.policy],
      ["format", run.format], ["critic", run.critic ?? "none"], ["seed", run.seed], ["started", `${run.startedAt} UTC`], ...run.settings,
    ];
    const entries = element("dl", "parts");
    for (const [name, text] of list) entries.append(element("dt", "", name), element("dd", "", text));
    body.replaceChildren(entries);
  };
}

// MARK: one task

function taskView(id, task) {
  const heading = element("h1", "", task);
  const request = element("p", "request");
  const figure = element("figure", "picture");
  const note = element("p", "compare-note");
  tellMarked(note);
  const table = lists.table("Trajectories", lists.attemptHeadings);
  const foot = element("div", "");
  const asked = { limit: 100 };
  main.replaceChildren(heading, request, figure, note, table, foot);
  const fetchAttempts = freshly(async () => {
    const run = state.runs.get(id);
    if (!run) return;
    const found = await ask("attempts", { run: id, task, ...asked });
    request.textContent = found.task.request;
    const all = [...found.running, ...found.page.rows];
    lists.reconcile(
      table.body, all, (attempt) => `${attempt.particle} ${attempt.standing}`, (attempt) => lists.attemptRow(run, attempt, compare));
    foot.replaceChildren(lists.pager(found.page, found.page.rows.length, () => {
      asked.limit += 200;
      fetchAttempts();
    }));
    if (found.picture) pictures.show(figure, await ask("picture", { run: id, task }), (line) => {
      const step = line.step ? ["step", line.step] : [];
      go("run", id, "task", task, "at", line.particle, line.standing, ...step);
    });
    figure.hidden = !found.picture;
    tellMarked(note);
  });
  return {
    key: `task/${id}/${task}`,
    update(change) {
      const run = state.runs.get(id);
      trail(["Runs"], [run ? runName(run) : id.slice(0, 10), "run", id], [task]);
      if (concerns(change, id, task)) fetchAttempts();
    },
  };
}

const concerns = (change, id, task) => !change || change.tasks.some((of) => of.run === id && (of.tasks.length >= 200 || of.tasks.includes(task)));

function tellMarked(note) {
  note.hidden = !marked;
  note.textContent = marked ? `Pick the trajectory to compare with ${marked.attempt.task}, ${lists.attemptName(marked.attempt)}.` : "";
}

/** Marks a trajectory, or shows it beside the marked one. */
function compare(attempt) {
  const run = path()[1];
  const isSame = marked && marked.run === run && marked.attempt.task === attempt.task
    && marked.attempt.particle === attempt.particle && marked.attempt.standing === attempt.standing;
  if (isSame) {
    marked = undefined;
  } else if (marked) {
    const first = marked;
    marked = undefined;
    go(...lists.attemptPath(first.run, first.attempt), "with", run, attempt.task, attempt.particle, attempt.standing);
    return;
  } else {
    marked = { run, attempt };
  }
  const note = document.querySelector(".compare-note");
  if (note) tellMarked(note);
}

// MARK: one trajectory

function talkView(id, task, particle, standing, rest) {
  const heading = element("h1", "");
  const figures = element("div", "talk-figures");
  const tools = element("div", "tools");
  const request = element("p", "request");
  const steps = element("div", "talk");
  const note = element("p", "compare-note");
  tellMarked(note);
  main.replaceChildren(heading, figures, tools, note, element("details", "request-fold", element("summary", "", "Request"), request), steps);
  let talk;
  let wanted = rest[0] === "step" ? rest[1] : undefined;
  const button = element("button", "", "Compare with another");
  button.type = "button";
  button.addEventListener("click", () => talk && compare(talk.attempt));
  const links = ["n", "p"].map((key) => {
    const made = element("button", "", key === "n" ? "Next trajectory" : "Previous trajectory");
    made.type = "button";
    made.addEventListener("click", () => neighbour(key === "n" ? 1 : -1));
    return made;
  });
  tools.append(links[1], links[0], button);
  const fetchTalk = freshly(async () => {
    talk = await ask("trajectory", { run: id, task, particle, standing });
    heading.textContent = `${task}, ${lists.attemptName(talk.attempt)}`;
    figures.replaceChildren(talks.summary(talk));
    request.textContent = talk.task.request;
    const key = JSON.stringify({ opening: talk.opening, value: talk.value });
    lists.reconcile(steps, [key, ...talk.steps], (step) => step.step ?? 0, (step, known) => {
      const made = step === key ? talks.opening(talk) : talks.stepElement(step, talk);
      // What was opened stays open.
      for (const [place, old] of [...(known?.querySelectorAll("details") ?? [])].entries()) {
        const fresh = made.querySelectorAll("details")[place];
        if (fresh && old.open) fresh.open = true;
      }
      return made;
    });
    if (wanted !== undefined) pick(steps.querySelector(`[data-step="${CSS.escape(wanted)}"]`));
    wanted = undefined;
    tellMarked(note);
  });
  return {
    key: `talk/${id}/${task}/${particle}/${standing}/${rest.join("/")}`,
    update(change) {
      const run = state.runs.get(id);
      trail(["Runs"], [run ? runName(run) : id.slice(0, 10), "run", id], [task, "run", id, "task", task], [`particle ${particle}`]);
      // What has ended does not change.
      const isOpen = !talk || talk.attempt.standing === "running";
      if (isOpen && concerns(change, id, task)) fetchTalk();
    },
  };
}

/** Opens the trajectory before or after the one that is shown. */
async function neighbour(by) {
  const [, id, , task, , particle, standing] = path();
  if (particle === undefined) return;
  const found = await ask("attempts", { run: id, task, limit: 500 });
  const all = [...found.running, ...found.page.rows];
  const at = all.findIndex((attempt) => String(attempt.particle) === particle && attempt.standing === standing);
  const next = all[at + by];
  if (next) go(...lists.attemptPath(id, next));
}

function pairView(id, task, particle, standing, other) {
  const [otherRun, otherTask, otherParticle, otherStanding] = other;
  const heading = element("h1", "", task === otherTask ? task : `${task} and ${otherTask}`);
  const content = element("div", "content-wide");
  main.replaceChildren(heading, content);
  let shown;
  const fetchPair = freshly(async () => {
    const [one, two] = await Promise.all([
      ask("trajectory", { run: id, task, particle, standing }),
      ask("trajectory", { run: otherRun, task: otherTask, particle: otherParticle, standing: otherStanding }),
    ]);
    const text = JSON.stringify([one, two]);
    if (shown === text) return;
    shown = text;
    const box = element("div", "box pair-box", ...talks.sideBySide(one, two));
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Two trajectories side by side");
    content.replaceChildren(pictures.hintAt(box), box);
  });
  return {
    key: `pair/${id}/${task}/${particle}/${standing}/${other.join("/")}`,
    update(change) {
      const run = state.runs.get(id);
      trail(["Runs"], [run ? runName(run) : id.slice(0, 10), "run", id], [task, "run", id, "task", task], ["side by side"]);
      if (concerns(change, id, task) || concerns(change, otherRun, otherTask)) fetchPair();
    },
  };
}

// MARK: the address

function chosen() {
  const [kind, id, third, task, at, particle, standing, ...rest] = path();
  if (kind !== "run" || id === undefined) return runsView;
  if (third !== "task" || task === undefined) return () => runView(id, third);
  if (at !== "at" || standing === undefined) return () => taskView(id, task);
  if (rest[0] === "with" && rest.length === 5) return () => pairView(id, task, particle, standing, rest.slice(1));
  return () => talkView(id, task, particle, standing, rest);
}

function show() {
  complain(undefined);
  document.getElementById("help").close();
  view = chosen()();
  if (hasState) view.update(undefined);
  scrollTo(0, 0);
}

/** To the list above, with the row picked that was left. */
function back() {
  const parts = path();
  if (marked) {
    marked = undefined;
    const note = document.querySelector(".compare-note");
    if (note) tellMarked(note);
    return;
  }
  if (parts.length > 4) go("run", parts[1], "task", parts[3]);
  else if (parts[2] === "task") go("run", parts[1]);
  else if (parts.length > 0) go();
}

let hasState = false;
const live = document.getElementById("live");
const state = follow((now, change) => {
  const isFirst = !hasState;
  hasState = true;
  complain(now.state === "unreadable" ? new Error(now.message) : undefined);
  if (isFirst) main.setAttribute("aria-busy", "false");
  view.update(isFirst ? undefined : change);
}, (connection) => {
  live.textContent = connection === "live" ? "live" : "the server does not answer; trying again";
  live.className = connection;
});

listen({
  open(row) {
    const target = row.querySelector("a[href]");
    if (target) target.click();
    else row.querySelector("details.prompt > summary")?.click();
  },
  back,
  compare(row) {
    if (row.attempt) compare(row.attempt);
    else document.querySelector(".tools button:last-child")?.click();
  },
  neighbour,
});
addEventListener("hashchange", show);
setInterval(() => {
  for (const left of document.querySelectorAll(".left[data-run]")) {
    const run = state.runs.get(left.dataset.run);
    if (run) left.textContent = timeLeft(run);
  }
}, 1000);
show();
export { count, picked, rows };
