// One trajectory as a conversation, or two side by side from where they part.
import { element, figuresLine, partList } from "/parts.js";
import { count, duration, money, number, tokens } from "/figures.js";
import { attemptEnd, attemptName } from "/lists.js";
import { ask } from "/live.js";

function told(call) {
  if (!call) return [];
  return [
    tokens(call.tokens), call.tokens.reasoning > 0 ? `${count(call.tokens.reasoning)} reasoning` : "",
    call.tokens.saved > 0 ? `${count(call.tokens.saved)} shared` : "", duration(call.seconds),
    call.cost === undefined ? "" : `cost ${money(call.cost)}`,
    call.attempts > 1 ? `${count(call.attempts - 1)} ${call.attempts === 2 ? "retry" : "retries"}` : "",
    call.isCutOff ? "answer cut off" : "", call.isRefusal ? "refused" : "",
    call.logProbability === undefined ? "" : `log-probability ${number(call.logProbability)}`,
  ];
}

function payment(step) {
  if (step.reward === undefined) return "reward not stored yet";
  const named = Object.entries(step.rewards ?? {}).sort().map(([name, value]) => `${name} ${number(value, 3, true)}`);
  return `reward ${number(step.reward, 3, true)}, ${number(step.paid)} so far${named.length > 0 ? ` (${named.join(", ")})` : ""}`;
}

const value = (v) => (v === undefined || v === null ? "" : `V ${number(v)} to come`);

/** The texts of a step: lists of a label, a text and a class. */
function texts(step, talk) {
  const list = [];
  if (step.reasoning) list.push(["Reasoning", step.reasoning, "thought"]);
  if (step.thought) list.push(["Thought", step.thought, "thought"]);
  if (talk.isConversation) {
    if (step.action || step.tools.length === 0) list.push(["Assistant", step.action, "action"]);
    for (const tool of step.tools) list.push(["Calls", `${tool.name} ${tool.arguments}`, "action tool"]);
  } else {
    list.push([step.isParsed ? "Action" : "No action", step.action, step.isParsed ? "action" : ""]);
  }
  const observed = talk.isConversation ? (step.isDone ? "End" : step.tools.length > 0 ? "Tool" : "User") : "Observation";
  if (step.observation === undefined) list.push([observed, "not stored yet", "quiet"]);
  else list.push([observed, step.observation, "observation"]);
  return list;
}

/** The prompt of a step, read when it is opened. */
function promptOf(step, talk) {
  const made = element("details", "prompt", element("summary", "", "Prompt as it was sent"));
  made.addEventListener("toggle", async () => {
    if (!made.open || made.dataset.read) return;
    made.dataset.read = "yes";
    const place = element("p", "quiet", "Reading …");
    made.append(place);
    try {
      const { attempt } = talk;
      const prompt = await ask("prompt", {
        run: talk.run, task: attempt.task, particle: attempt.particle, standing: attempt.standing, step: step.step,
      });
      if (prompt.note) place.replaceWith(element("p", "quiet", prompt.note));
      else place.replaceWith(partList(prompt.parts.map((part) => [part.role, part.text, `sent ${part.role.replace(/\W/g, "")}`])));
    } catch (error) {
      place.textContent = error.message;
      delete made.dataset.read;
    }
  });
  return made;
}

export function stepElement(step, talk, classes = "") {
  const figures = element(
    "div", "numbers", figuresLine([payment(step), value(step.value), step.isInvalid ? "invalid" : "", step.isDone ? "done" : ""]));
  const call = told(step.call).filter((text) => text !== "");
  if (call.length > 0) figures.append(figuresLine(call));
  const made = element(
    "article", `step ${classes}`, element("header", "", element("h3", "", `Step ${step.step}`), figures),
    partList(texts(step, talk)));
  if (step.answer) {
    made.append(element("details", "answer", element("summary", "", "Whole answer"), element("pre", "", step.answer)));
  }
  if (step.choices && step.choices.length > 0) {
    made.append(element(
      "details", "choices", element("summary", "", `${count(step.choices.length)} actions to choose from`),
      element("pre", "", step.choices.join("\n"))));
  }
  made.append(promptOf(step, talk));
  made.dataset.row = "";
  made.dataset.step = step.step;
  made.tabIndex = -1;
  if (step.isInvalid) made.classList.add("invalid");
  return made;
}

export function opening(talk) {
  const list = [[talk.isConversation ? "User" : "Observation", talk.opening ?? "not stored yet", talk.opening ? "" : "quiet"]];
  const made = element(
    "article", "step start", element("header", "", element("h3", "", "Start"), figuresLine([value(talk.value)])), partList(list));
  made.dataset.row = "";
  made.dataset.step = 0;
  made.tabIndex = -1;
  return made;
}

/** What a trajectory came to. */
export function summary(talk) {
  const { attempt } = talk;
  return figuresLine([
    attempt.reward === undefined ? "" : `reward ${number(attempt.reward)}`,
    `${count(attempt.steps)} of at most ${count(talk.task.stepLimit)} steps`, attemptEnd(attempt),
    attempt.logWeight === undefined ? "" : `log-weight ${number(attempt.logWeight)}`,
    talk.calls > 0 ? `${count(talk.calls)} calls, ${tokens(talk.tokens)}, ${duration(talk.seconds)} waiting` : "",
    talk.cost === undefined ? "" : `cost ${money(talk.cost)}`,
  ]);
}

const same = (a, b) => a.action === b.action && a.observation === b.observation && a.reward === b.reward
  && JSON.stringify(a.tools) === JSON.stringify(b.tools) && (a.answer ?? "") === (b.answer ?? "");

/** How many steps two trajectories begin with in common. */
export function shared(one, other) {
  if ((one.opening ?? "") !== (other.opening ?? "")) return 0;
  let steps = 0;
  while (steps < one.steps.length && steps < other.steps.length && same(one.steps[steps], other.steps[steps])) steps += 1;
  return steps;
}

/** Two trajectories by step; what they have in common is folded. */
export function sideBySide(one, other) {
  const common = shared(one, other);
  const longest = Math.max(one.steps.length, other.steps.length);
  const words = common === 0 ? "They part at the first step." : `Steps 1 to ${count(common)} are the same${
    common === longest ? ", and there is no other." : `. They part at step ${common + 1}.`}`;
  const past = element(
    "details", "shared", element("summary", "", words), opening(one), ...one.steps.slice(0, common).map((step) => stepElement(step, one)));
  past.open = common === longest;
  const grid = element("div", "pair");
  [one, other].forEach((talk, place) => grid.append(element(
    "div", `who ${place === 0 ? "one" : "two"}`, element("h3", "", attemptName(talk.attempt)), summary(talk))));
  for (let at = common; at < longest; at += 1) {
    for (const talk of [one, other]) {
      if (at < talk.steps.length) grid.append(stepElement(talk.steps[at], talk, at === common ? "parting" : ""));
      else grid.append(element("p", "gone", at === talk.steps.length ? "No further step." : ""));
    }
  }
  return [past, grid];
}
