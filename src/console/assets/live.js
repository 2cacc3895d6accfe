// The live feed. A fact that concerns this page has it refreshed; a hidden page lets go of its connection, because a
// browser keeps only six to one server.
const SETTLE_MS = [30, 1000];

function concerns(fact) {
  const page = document.getElementById("page").dataset;
  if (!page.live.split(" ").includes(fact.kind)) return false;
  const ties = [
    [page.call, fact.call],
    [page.agent, fact.agent],
    [page.ticket, typeof fact.ticket === "object" ? fact.ticket?.id : fact.ticket],
  ].filter(([own]) => own !== undefined);
  return ties.length === 0 || ties.some(([own, of]) => of !== undefined && own === String(of));
}

function show(online) {
  const mark = document.getElementById("feed");
  if (!mark) return;
  mark.textContent = online ? mark.dataset.online : mark.dataset.offline;
  mark.classList.toggle("is-online", online);
  mark.classList.toggle("is-offline", !online);
}

// What is being said on the call of this page, as far as it is heard. Its turn takes its place.
function soFar(fact) {
  const line = document.getElementById("so-far");
  if (!line || document.getElementById("page").dataset.call !== String(fact.call)) return;
  line.hidden = fact.kind !== "so_far";
  line.textContent = line.hidden ? "" : `${fact.text}……`;
}

// Calls `refresh` soon, never twice at once, and once more when something came in between. A page that is costly to draw is
// drawn less often.
function gathered(refresh) {
  let waiting = null;
  let settle = SETTLE_MS[0];
  let running = false;
  let again = false;
  const run = async () => {
    waiting = null;
    if (running) { again = true; return; }
    running = true;
    const began = performance.now();
    try { await refresh(); } finally {
      running = false;
      last = performance.now();
      settle = Math.min(Math.max(2 * (performance.now() - began), SETTLE_MS[0]), SETTLE_MS[1]);
      if (again) { again = false; ask(); }
    }
  };
  // The first fact after a rest is shown at once.
  let last = 0;
  const waits = () => Math.max(SETTLE_MS[0], last + settle - performance.now());
  const ask = () => { waiting ??= setTimeout(run, running ? SETTLE_MS[0] : waits()); };
  return ask;
}

export function follow(refresh) {
  const ask = gathered(refresh);
  let feed = null;
  let retry = null;
  const open = () => {
    if (feed || document.hidden) return;
    clearTimeout(retry);
    feed = new EventSource("/api/live");
    feed.addEventListener("open", () => { show(true); ask(); });
    feed.addEventListener("fact", (event) => {
      const fact = JSON.parse(event.data);
      if (["so_far", "turn", "call_ended"].includes(fact.kind)) soFar(fact);
      if (concerns(fact)) ask();
    });
    feed.addEventListener("reload", ask);
    feed.addEventListener("error", () => {
      show(false);
      // A refused feed is not tried again by the browser itself.
      if (feed?.readyState === EventSource.CLOSED) { close(); retry = setTimeout(open, 3000); }
    });
  };
  const close = () => { feed?.close(); feed = null; };
  document.addEventListener("visibilitychange", () => {
    if (document.getElementById("page").dataset.quiet !== undefined) return;
    if (document.hidden) close(); else open();
  });
  document.addEventListener("changed", ask);
  // Some pages change by time alone.
  const every = Number(document.getElementById("page").dataset.every ?? 0);
  if (every > 0) setInterval(() => { if (!document.hidden) ask(); }, every * 1000);
  // Pages of accounts and of the audit hear nothing of calls.
  if (document.getElementById("page").dataset.quiet === undefined) open();
}
