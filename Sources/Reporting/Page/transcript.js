// What one particle said and did, or two of them side by side.

function parts(story, list) {
  return partList(list.map(([label, text]) => [
    story.texts[label], story.texts[text], story.texts[label] === "Action" ? "action" : ""]));
}

/** One step of a line, counted from 1; 0 is the start. */
function stepElement(story, number, path, step, picked) {
  const value = story.value(number, step);
  const node = step === 0 ? undefined : story.steps[path[step - 1]];
  const heading = element("h5", "", step === 0 ? "Start" : `Step ${step}`);
  const told = [];
  if (node) told.push(node.head);
  if (value !== undefined) told.push(`critic ${value} to come`);
  const head = element("header", "", heading, figuresLine(told));
  const made = element("article", "step", head, parts(story, node ? node.parts : story.opening));
  made.dataset.step = step;
  if (node && node.isInvalid) made.classList.add("invalid");
  if (step === picked) {
    made.classList.add("picked");
    made.setAttribute("aria-current", "step");
  }
  return made;
}

function title(story, number, mark) {
  const { place, remarks } = story.lines[number];
  return element(
    "div", `who ${mark}`, element("h4", "", `Particle ${place}`), element("p", "remarks", remarks));
}

/** The transcript of one line. A picked step after the last one is the last one. */
function single(story, number, step) {
  const path = story.path(number);
  const picked = Math.min(step, path.length);
  const list = element("div", "steps");
  for (let at = 0; at <= path.length; at += 1) list.append(stepElement(story, number, path, at, picked));
  return [title(story, number, "one"), list];
}

function sharedText(story, one, other, shared) {
  const fork = story.fork(one, other);
  const same = shared === 0 ? "the start" : shared === 1 ? "the start and step 1" : `the start and steps 1 to ${shared}`;
  if (fork === undefined) return `Shared past: ${same}. They have no ancestor in common.`;
  const parted = fork === 0 ? "They parted at the start" : `They parted after step ${fork}`;
  return `Shared past: ${same}. ${parted}${fork < shared ? " and went on alike for a while" : ""}.`;
}

/** Two lines by step, from where their steps differ; what is before is folded. */
function sideBySide(story, one, other, step) {
  const [a, b] = [story.path(one), story.path(other)];
  const shared = story.shared(one, other);
  const longest = Math.max(a.length, b.length);
  const picked = Math.min(step, longest);
  const past = element("details", "shared", element("summary", "", sharedText(story, one, other, shared)));
  for (let at = 0; at <= shared; at += 1) past.append(stepElement(story, one, a, at, picked));
  past.open = picked <= shared && shared === longest;
  const grid = element("div", "pair", title(story, one, "one"), title(story, other, "two"));
  for (let at = shared + 1; at <= longest; at += 1) {
    for (const [number, path] of [[one, a], [other, b]]) {
      const gone = element("p", "gone", at === path.length + 1 ? "No further step." : "");
      grid.append(at <= path.length ? stepElement(story, number, path, at, picked) : gone);
    }
  }
  if (shared === longest) grid.append(element("p", "gone", "No step differs."));
  return [past, grid];
}
