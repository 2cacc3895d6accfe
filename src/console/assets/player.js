// Plays a moment of a recording: one player for the page, from a button's start to its end.
let stopAt = Infinity;
let pressed = null;

const player = () => document.getElementById("player");

function mark(button) {
  pressed?.setAttribute("aria-pressed", "false");
  pressed?.closest(".turn, .evidence")?.classList.remove("is-playing");
  pressed = button;
  button?.setAttribute("aria-pressed", "true");
  button?.closest(".turn, .evidence")?.classList.add("is-playing");
}

function stop() {
  player().pause();
  mark(null);
}

function play(button) {
  const audio = player();
  const { play: call, start, end } = button.dataset;
  const from = Number(start) / 1000;
  stopAt = end === undefined ? Infinity : Number(end) / 1000;
  mark(button);
  const begin = () => {
    audio.currentTime = from;
    audio.play().catch(() => mark(null));
  };
  // A running call's recording grows: what is not loaded yet is fetched anew.
  if (audio.dataset.call === call && audio.duration > (Number.isFinite(stopAt) ? stopAt : from)) {
    begin();
    return;
  }
  audio.dataset.call = call;
  audio.src = `/api/calls/${call}/audio?at=${Date.now()}`;
  // The last moment asked for is the one that is played.
  audio.onloadedmetadata = begin;
  audio.load();
}

export function listen() {
  const audio = player();
  audio.addEventListener("timeupdate", () => { if (audio.currentTime >= stopAt) stop(); });
  audio.addEventListener("ended", () => mark(null));
  audio.addEventListener("error", () => mark(null));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play]");
    if (button) {
      if (button === pressed) stop(); else play(button);
      return;
    }
    // A click anywhere on a turn plays it, unless its words are being selected.
    const turn = event.target.closest(".turn");
    const own = turn?.querySelector("[data-play]");
    if (own && getSelection()?.isCollapsed !== false) play(own);
  });
}
