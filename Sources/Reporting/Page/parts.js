// Elements of the report page and of the live page.

/** An element with a class and texts or elements inside. Texts stay texts. */
function element(name, classes, ...content) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...content);
  return made;
}

function svgElement(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Labels with their texts: lists of a label, a text or an element, and a class. */
function partList(list) {
  const entries = element("dl", "parts");
  for (const [label, text, classes] of list) {
    entries.append(element("dt", "", label), element("dd", classes, text));
  }
  return entries;
}

/** Figures beside a heading. */
function figuresLine(told) {
  return element("p", "figures", told.filter((figure) => figure !== undefined && figure !== "").join(" · "));
}
