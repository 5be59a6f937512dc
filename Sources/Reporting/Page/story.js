// A population as its picture shows it: lines, and the steps that each of them took.

class Story {
  constructor(figure) {
    this.figure = figure;
    this.id = figure.id;
    this.picture = figure.querySelector("svg");
    Object.assign(this, JSON.parse(figure.querySelector("script.data").textContent));
    this.marks = new Map();
    for (const mark of this.picture.querySelectorAll("g[data-line]")) {
      this.marks.set(Number(mark.dataset.line), mark);
    }
  }

  /** The numbers of a line's steps in the tree, from the first. */
  path(number) {
    const path = [];
    for (let step = this.lines[number].tip; step !== undefined && step !== null; step = this.steps[step].past) {
      path.push(step);
    }
    return path.reverse();
  }

  /** A line and those it descends from, the oldest first. */
  lineage(number) {
    const lineage = [];
    for (let line = number; line !== undefined && line !== null; line = this.lines[line].parent) lineage.push(line);
    return lineage.reverse();
  }

  /** What the critic expected after so many steps, of the line or of the one it is a copy of. */
  value(number, step) {
    for (let line = number; line !== undefined && line !== null; line = this.lines[line].parent) {
      if (step > this.lines[line].birth || this.lines[line].parent === undefined) return this.lines[line].values[step];
    }
    return undefined;
  }

  /** The line that is at a place after so many steps, or waits there. */
  lineAt(place, step) {
    let found;
    this.lines.forEach((line, number) => {
      if (line.place === place && (found === undefined || line.birth < step)) found = number;
    });
    return found;
  }

  /** The line that took a line's place. */
  next(number) {
    const { place, birth } = this.lines[number];
    const after = this.lines.findIndex((line, other) => other > number && line.place === place && line.birth >= birth);
    return after < 0 ? undefined : after;
  }

  clipped(number, step) {
    return Math.min(Math.max(step, this.lines[number].first), this.lines[number].last);
  }

  /** How many steps two lines have in common. */
  shared(one, other) {
    const [a, b] = [this.path(one), this.path(other)];
    let count = 0;
    while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
    return count;
  }

  /** The step after which one line became a copy of the other, or of what both are copies of. */
  fork(one, other) {
    const [a, b] = [this.lineage(one), this.lineage(other)];
    let count = 0;
    while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
    if (count === 0) return undefined;
    return Math.min(...[a[count], b[count]].filter((line) => line !== undefined).map((line) => this.lines[line].birth));
  }

  /** Where a step is in the picture's own units. */
  x(step) {
    const { left, right, steps } = this.scale;
    return left + ((right - left) * Math.min(Math.max(step, 0), steps)) / Math.max(steps, 1);
  }

  y(place) {
    return this.scale.top + this.scale.row * (place + 0.5);
  }

  /** The step nearest to a point of the screen. */
  stepAt(clientX) {
    const point = new DOMPoint(clientX, 0).matrixTransform(this.picture.getScreenCTM().inverse());
    const { left, right, steps } = this.scale;
    return Math.round(((point.x - left) / (right - left)) * steps);
  }
}
