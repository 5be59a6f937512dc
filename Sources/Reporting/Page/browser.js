// Picks particles by pointer, by keys and by the address.

const stories = [...document.querySelectorAll("figure.story")].map((figure) => new Story(figure));
/** What is read: { story, line, step, other }, `other` beside `line` where two are compared. */
let open;
/** Where the keys are: { story, line, step }. */
let focus;
/** The next line picked is compared with the open one. */
let comparing = false;

function isOpen(story, line) {
  return Boolean(open) && open.story === story && (open.line === line || open.other === line);
}

function pick(story, line, step, compares) {
  focus = { story, line, step: story.clipped(line, step) };
  const isSecond = compares && open && open.story === story && open.line !== line;
  open = isSecond ? { ...open, other: line, step: focus.step } : { ...focus, other: undefined };
  comparing = false;
  show();
  remember();
}

/** Moves the focus, and along an open line what is read. */
function move(story, line, step) {
  focus = { story, line, step: story.clipped(line, step) };
  if (isOpen(story, line)) {
    open = { ...open, step: focus.step };
    remember();
  }
  show();
  story.marks.get(line).focus();
}

function close() {
  const { story, line } = open;
  open = undefined;
  comparing = false;
  show();
  history.replaceState(null, "", `#${story.id}`);
  story.marks.get(line).focus();
}

/** The address that opens what is seen. */
function remember() {
  const other = open.other === undefined ? "" : `/${open.other}`;
  history.replaceState(null, "", `#${open.story.id}/${open.line}@${open.step}${other}`);
}

/** Opens what the address names, as far as there is such a thing. */
function restore() {
  const found = /^#(story-\d+)(?:\/(\d+)@(\d+)(?:\/(\d+))?)?$/.exec(location.hash);
  const story = found && stories.find((candidate) => candidate.id === found[1]);
  if (!story) return;
  select(story);
  const [line, step, other] = found.slice(2).map((text) => (text === undefined ? undefined : Number(text)));
  if (line === undefined || !story.lines[line]) {
    story.figure.scrollIntoView();
    return;
  }
  const isPair = other !== undefined && story.lines[other] !== undefined && other !== line;
  const last = Math.max(story.lines[line].last, isPair ? story.lines[other].last : 0);
  open = { story, line, step: isPair ? Math.min(step, last) : story.clipped(line, step) };
  open.other = isPair ? other : undefined;
  focus = { story, line, step: story.clipped(line, step) };
  show();
}

/** Shows one of the stories that share a list. */
function select(story) {
  const group = story.figure.parentElement;
  for (const other of stories) {
    if (other.figure.parentElement === group) other.figure.hidden = other !== story;
  }
  const list = group.querySelector("select.stories");
  if (list) list.value = String(stories.indexOf(story));
}

function onKey(event, story, line) {
  const { place, first, last, birth, parent } = story.lines[line];
  const isHere = focus && focus.story === story && focus.line === line;
  const step = isHere ? focus.step : last;
  const next = story.next(line);
  const keys = {
    ArrowUp: () => place > 0 && move(story, story.lineAt(place - 1, step), step),
    ArrowDown: () => place < story.count - 1 && move(story, story.lineAt(place + 1, step), step),
    ArrowLeft: () =>
      step > first ? move(story, line, step - 1) : parent !== undefined && move(story, parent, birth),
    ArrowRight: () =>
      step < last ? move(story, line, step + 1) : next !== undefined && move(story, next, story.lines[next].first),
    Home: () => move(story, line, first),
    End: () => move(story, line, last),
    Enter: () => pick(story, line, step, event.shiftKey || comparing),
    " ": () => pick(story, line, step, event.shiftKey || comparing),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

function prepare(story) {
  prepareMarks(story, {
    compare() {
      comparing = !comparing;
      show();
    },
    close,
  });
  story.picture.addEventListener("click", (event) => {
    const target = event.target.closest("[data-line]");
    if (!target) return;
    const line = Number(target.dataset.line);
    pick(story, line, story.stepAt(event.clientX), event.shiftKey || comparing);
    story.marks.get(line).focus({ preventScroll: true });
  });
  story.picture.addEventListener("keydown", (event) => {
    const target = event.target.closest("g[data-line]");
    if (target) onKey(event, story, Number(target.dataset.line));
  });
  // Where the focus comes by itself, it is at the end of its line.
  story.picture.addEventListener("focusin", (event) => {
    const line = Number(event.target.closest("g[data-line]").dataset.line);
    if (focus && focus.story === story && focus.line === line) return;
    focus = { story, line, step: story.lines[line].last };
    show();
  });
}

function show() {
  for (const story of stories) draw(story, open, focus, comparing);
}

stories.forEach(prepare);
for (const list of document.querySelectorAll("select.stories")) {
  select(stories[Number(list.options[0].value)]);
  list.addEventListener("change", () => {
    const story = stories[Number(list.value)];
    [open, focus, comparing] = [undefined, undefined, false];
    select(story);
    show();
    history.replaceState(null, "", `#${story.id}`);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && open) close();
});
window.addEventListener("hashchange", restore);
restore();
