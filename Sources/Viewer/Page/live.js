// The store's changes, as they are written. The browser connects again by itself.

/** Calls `changed(state, change)` with the whole state, and after each change. */
export function follow(changed, told) {
  const state = { version: 0, runs: new Map(), order: [], state: "missing", store: "", message: null };

  function take(runs) {
    for (const run of runs) {
      run.receivedAt = Date.now();
      state.runs.set(run.id, run);
    }
  }

  let source;
  let pause;
  function connect() {
    clearTimeout(pause);
    source = new EventSource("/api/events");
    source.addEventListener("open", () => told("live"));
    source.addEventListener("state", (event) => {
      const whole = JSON.parse(event.data);
      state.runs.clear();
      take(whole.runs);
      Object.assign(state, {
        version: whole.version,
        order: whole.runs.map((run) => run.id), state: whole.state, store: whole.store, message: whole.message,
      });
      changed(state, undefined);
    });
    source.addEventListener("change", (event) => {
      const change = JSON.parse(event.data);
      // A page that slept has missed some: the whole state comes with a new connection.
      if (change.version > state.version + 1) {
        source.close();
        connect();
        return;
      }
      state.version = change.version;
      take(change.runs);
      Object.assign(state, { order: change.order, state: change.state, message: change.message });
      for (const id of [...state.runs.keys()]) if (!change.order.includes(id)) state.runs.delete(id);
      changed(state, change);
    });
    source.addEventListener("error", () => {
      told("lost");
      // A server that refuses ends the source for good: it may be another one by now.
      if (source.readyState === EventSource.CLOSED) pause = setTimeout(connect, 2000);
    });
  }
  connect();
  return state;
}

/** A request that the page makes; throws an error with the server's words. */
export async function ask(name, query = {}) {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== "") words.set(key, value);
  const answer = await fetch(`/api/${name}?${words}`);
  const json = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(json.error ?? `The server answered ${answer.status}.`);
  return json;
}
