// What is drawn over and below a population's picture: the picked lines, the focus, the transcript.

/** Adds the help, the buttons and the place of the transcript. */
function prepareMarks(story, actions) {
  function button(text, action) {
    const made = element("button", "", text);
    made.type = "button";
    made.addEventListener("click", action);
    return made;
  }
  story.compare = button("Compare", actions.compare);
  story.content = element("div", "content");
  story.content.tabIndex = 0;
  story.content.setAttribute("role", "region");
  story.content.setAttribute("aria-label", "Transcript");
  story.status = element("p", "status");
  story.status.setAttribute("role", "status");
  const tools = element("div", "tools", story.status, story.compare, button("Close", actions.close));
  story.panel = element("div", "transcript", tools, story.content);
  story.panel.hidden = true;
  story.figure.append(
    element(
      "p", "help",
      "Click a line to read that particle at that step; Shift-click a second one, or press Compare, to see both side "
        + "by side. By keys: arrows move between lines and along steps, Enter opens, Shift-Enter compares, Escape closes."),
    story.panel);
}

/** Where a line is after a step, its clone's curve aside. */
function cursorX(story, number, step) {
  const { birth, parent } = story.lines[number];
  return Math.max(story.x(step), parent === undefined ? 0 : story.x(birth) + 14);
}

/** The way from the start through those a line descends from. */
function trace(story, number, step, name) {
  const lineage = story.lineage(number);
  let path = `M${story.x(0)} ${story.y(story.lines[lineage[0]].place)}`;
  for (const line of lineage.slice(1)) {
    const { place, birth } = story.lines[line];
    path += `H${story.x(birth)}L${story.x(birth) + 14} ${story.y(place)}`;
  }
  const made = svgElement("path", { class: `trace ${name}`, d: `${path}H${cursorX(story, number, step)}` });
  story.picture.querySelector(".particle").before(made);
}

function cursor(story, number, step, name) {
  const [cx, cy] = [cursorX(story, number, step), story.y(story.lines[number].place)];
  story.picture.append(svgElement("circle", { class: `cursor ${name}`, cx, cy, r: 6 }));
}

/** Scrolls a picture that is wider than its box to where the step is. */
function reveal(story, number, step) {
  const box = story.picture.parentElement;
  const x = (cursorX(story, number, step) / story.picture.viewBox.baseVal.width) * story.picture.clientWidth;
  if (x < box.scrollLeft || x > box.scrollLeft + box.clientWidth) box.scrollLeft = x - box.clientWidth / 2;
}

function draw(story, open, focus, comparing) {
  for (const old of story.picture.querySelectorAll(".trace, .cursor")) old.remove();
  for (const mark of story.marks.values()) mark.classList.remove("one", "two");
  if (focus && focus.story === story) {
    for (const [number, mark] of story.marks) mark.setAttribute("tabindex", number === focus.line ? 0 : -1);
    cursor(story, focus.line, focus.step, "focus");
  }
  const isShown = Boolean(open) && open.story === story;
  const wasShown = !story.panel.hidden;
  story.panel.hidden = !isShown;
  story.compare.setAttribute("aria-pressed", String(comparing));
  if (!isShown) {
    story.shown = undefined;
    story.pair = undefined;
    return;
  }
  const { line, step, other } = open;
  for (const [number, name] of other === undefined ? [[line, "one"]] : [[line, "one"], [other, "two"]]) {
    story.marks.get(number).classList.add(name);
    trace(story, number, story.clipped(number, step), name);
    cursor(story, number, story.clipped(number, step), name);
  }
  const names = `particle ${story.lines[line].place}${other === undefined ? "" : ` and particle ${story.lines[other].place}`}`;
  story.status.textContent = comparing
    ? "Pick the line to compare with." : `Reading ${names} ${step === 0 ? "at the start" : `at step ${step}`}.`;
  read(story, line, step, other);
  reveal(story, line, story.clipped(line, step));
  if (!wasShown) story.panel.scrollIntoView({ block: "nearest" });
}

/** Writes the transcript anew where it is another one, and brings the step into its view; a pair begins where they parted. */
function read(story, line, step, other) {
  const key = `${line}@${step}/${other}`;
  if (story.shown === key) return;
  const begins = other !== undefined && story.pair !== `${line}/${other}`;
  story.shown = key;
  story.pair = `${line}/${other}`;
  story.content.replaceChildren(
    ...(other === undefined ? single(story, line, step) : sideBySide(story, line, other, step)));
  const picked = story.content.querySelector(".picked");
  const isFolded = picked && picked.closest("details:not([open])");
  // The names of the particles stay in view above the step.
  const names = Math.max(...[...story.content.querySelectorAll(".who")].map((name) => name.offsetHeight));
  story.content.scrollTop = picked && !isFolded && !begins ? picked.offsetTop - names - 4 : 0;
}
