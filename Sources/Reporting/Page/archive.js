// Trajectories of all runs: a list with a filter, and the transcript of the one that is picked.

function prepareArchive(archive) {
  const data = JSON.parse(archive.querySelector("script.archive-data").textContent);
  const field = archive.querySelector(".archive-filter");
  const told = archive.querySelector(".archive-count");
  const rows = archive.querySelector("tbody");
  const transcript = archive.querySelector(".archive-transcript");
  const most = 200;

  function path(entry) {
    const steps = [];
    for (let step = entry.tip; step !== undefined && step !== null; step = data.steps[step].past) steps.push(step);
    return steps.reverse();
  }

  /** Everything that a filter looks at, in lower case; made when it is first needed. */
  function words(entry) {
    if (entry.words === undefined) {
      const texts = [entry.run, entry.task, entry.request, entry.name, entry.end, entry.opening[1]];
      for (const step of path(entry)) texts.push(...data.steps[step].parts.map((part) => part[1]));
      entry.words = texts.map((place) => data.texts[place]).join("\n").toLowerCase();
    }
    return entry.words;
  }

  function stepOf(entry, at, steps) {
    const node = at === 0 ? undefined : data.steps[steps[at - 1]];
    const value = entry.values[at];
    const head = element(
      "header", "", element("h5", "", at === 0 ? "Start" : `Step ${at}`),
      figuresLine([node ? node.head : "", value === undefined ? "" : `V ${value} to come`]));
    const made = element("article", "step", head, parts(data, node ? node.parts : [entry.opening]));
    if (node && node.isInvalid) made.classList.add("invalid");
    return made;
  }

  function read(entry) {
    const steps = path(entry);
    const heading = element("div", "who one", element("h4", "", `${data.texts[entry.task]}, ${data.texts[entry.name]}`),
      element("p", "remarks", `reward ${entry.reward}, ${data.texts[entry.end]}. ${data.texts[entry.run]}`));
    const close = element("button", "", "Close");
    close.type = "button";
    close.addEventListener("click", () => { transcript.hidden = true; });
    const content = element("div", "content", heading);
    content.tabIndex = 0;
    for (let at = 0; at <= steps.length; at += 1) content.append(stepOf(entry, at, steps));
    transcript.replaceChildren(element("div", "tools", close), content);
    transcript.hidden = false;
    transcript.scrollIntoView({ block: "nearest" });
    content.focus({ preventScroll: true });
  }

  function show() {
    const wanted = field.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const found = data.entries.filter((entry) => wanted.every((word) => words(entry).includes(word)));
    told.textContent = `${found.length} of ${data.entries.length} trajectories${found.length > most ? `; the first ${most} are listed` : ""}.`;
    rows.replaceChildren(...found.slice(0, most).map((entry) => {
      const open = element("button", "link", data.texts[entry.task]);
      open.type = "button";
      open.addEventListener("click", () => read(entry));
      const name = element("th", "words", open);
      name.scope = "row";
      return element(
        "tr", "", name, element("td", "words", data.texts[entry.name]), element("td", "number", entry.reward),
        element("td", "number", String(entry.count)), element("td", "words", data.texts[entry.end]),
        element("td", "words", data.texts[entry.run]));
    }));
  }

  field.addEventListener("input", show);
  show();
}

document.querySelectorAll(".archive").forEach(prepareArchive);
