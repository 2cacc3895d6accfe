// The live feed. A fact that concerns this page has it refreshed; a hidden page lets go of its connection, because a
// browser keeps only six to one server.
const SETTLE_MS = 200;

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

// Calls `refresh` soon, never twice at once, and once more when something came in between.
function gathered(refresh) {
  let waiting = null;
  let running = false;
  let again = false;
  const run = async () => {
    waiting = null;
    if (running) { again = true; return; }
    running = true;
    try { await refresh(); } finally {
      running = false;
      if (again) { again = false; ask(); }
    }
  };
  const ask = () => { waiting ??= setTimeout(run, SETTLE_MS); };
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
    feed.addEventListener("fact", (event) => { if (concerns(JSON.parse(event.data))) ask(); });
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
