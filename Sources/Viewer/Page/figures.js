// Numbers for readers, and the progress of a run.
import { element } from "/parts.js";

const minus = (text) => text.replace("-", "−");

export function number(value, digits = 3, signed = false) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  const text = value.toFixed(digits);
  if (/^-?0\.?0*$/.test(text)) return text.replace("-", "");
  return minus(signed && value > 0 ? `+${text}` : text);
}

export const count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en-US"));

export function short(value) {
  if (value < 10000) return count(value);
  if (value < 1e6) return `${Math.round(value / 1000)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

export function money(value) {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0";
  const digits = Math.min(Math.max(2, 1 - Math.floor(Math.log10(Math.abs(value)))), 12);
  return value.toFixed(digits);
}

export function duration(seconds) {
  if (!(seconds >= 0)) return "–";
  if (seconds === 0) return "0 s";
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (part) => String(part).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${count(Math.floor(minutes / 60))} h ${two(minutes % 60)} min`;
}

/** Tokens in and out, with a sign where some are estimated. */
export function tokens(usage) {
  const about = usage.estimated > 0 ? "≈" : "";
  const cached = usage.cached > 0 ? ` (${short(usage.cached)} cached)` : "";
  return `${about}${short(usage.input)} in${cached}, ${short(usage.output)} out`;
}

export const stateNames = {
  running: "running", done: "done", stopped: "stopped", lost: "no sign of its process", unknown: "not finished",
};

/** A bar of a share of a whole, with words for those who cannot see it. */
export function bar(share, label) {
  const made = element("div", "bar");
  const percent = Math.round(Math.min(Math.max(share, 0), 1) * 100);
  made.setAttribute("role", "progressbar");
  made.setAttribute("aria-label", label);
  made.setAttribute("aria-valuenow", percent);
  made.setAttribute("aria-valuemin", 0);
  made.setAttribute("aria-valuemax", 100);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 6");
  svg.setAttribute("preserveAspectRatio", "none");
  const fill = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  fill.setAttribute("width", percent);
  fill.setAttribute("height", 6);
  svg.append(fill);
  made.append(svg);
  return made;
}

/** When a run ends, counted down from when its figures came. */
export function timeLeft(run, now = Date.now()) {
  const figures = run.progress;
  if (run.state !== "running" || !figures || figures.secondsLeft === undefined || figures.secondsLeft === null) return "";
  const left = Math.max(figures.secondsLeft - (now - (run.receivedAt ?? now)) / 1000, 0);
  if (figures.endsBy) return `${duration(left)} to ${figures.endsBy}`;
  return `${figures.isBound ? "at most " : ""}${duration(left)} left`;
}

/** How far a run is, and what is left of its limits. */
export function progress(run) {
  const figures = run.progress;
  const made = element("div", "progress");
  if (!figures) return made;
  const expected = Math.max(figures.expectedCalls, figures.calls, 1);
  const share = run.state === "done" ? 1 : figures.calls / expected;
  const left = element("strong", "left", timeLeft(run));
  left.dataset.run = run.id;
  const told = [
    `${count(figures.tasksDone)} of ${count(figures.tasks)} tasks`,
    `${count(figures.calls)} calls` + (figures.storedCalls > 0 ? ` (${count(figures.storedCalls)} from the store)` : ""),
  ];
  if (run.state === "running") {
    told.push(`${figures.isBound ? "at most" : "about"} ${count(expected)} expected`);
    told.push(`${count(figures.inFlight)} in flight`);
    if (figures.callsPerSecond) told.push(`${figures.callsPerSecond.toFixed(1)} calls/s`);
  }
  if (figures.failed > 0) told.push(`${count(figures.failed)} failed`);
  told.push(run.state === "running" ? `${duration(figures.seconds)} so far` : `in ${duration(figures.seconds)}`);
  made.append(
    element("p", "headline", element("span", `state ${run.state}`, stateNames[run.state] ?? run.state), " ", left),
    bar(share, "calls made of those expected"), element("p", "figures", told.join(" · ")));
  if (figures.reason) made.append(element("p", "reason", figures.reason));
  const limits = figures.limits ?? {};
  const rows = [
    ["calls", figures.spentCalls, limits.calls, count], ["tokens", figures.spentTokens, limits.tokens, short],
    ["cost", figures.spentCost, limits.cost, money], ["seconds", figures.seconds, limits.seconds, duration],
  ].filter(([, , most]) => most !== undefined && most !== null);
  for (const [name, spent, most, written] of rows) {
    made.append(element(
      "p", "limit", `limits.${name}: ${written(spent)} of ${written(most)}`,
      bar(most > 0 ? spent / most : 1, `limits.${name}`)));
  }
  return made;
}
