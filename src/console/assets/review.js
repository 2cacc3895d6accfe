// The keys of a review: J and K go from callback to callback, P plays its answers one after the other, Enter opens the ticket.
const typing = (node) => node.closest?.("input, textarea, select, button, a, summary");

function step(list, by) {
  const cards = [...list.children];
  const here = cards.indexOf(document.activeElement?.closest?.("[data-review] > li"));
  const next = cards[here < 0 ? 0 : Math.min(Math.max(here + by, 0), cards.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function play(card) {
  const buttons = [...card.querySelectorAll("[data-play]")];
  const last = buttons.findIndex((button) => button.dataset.last);
  buttons[last]?.removeAttribute("data-last");
  const next = buttons[(last + 1) % buttons.length];
  if (!next) return;
  next.dataset.last = "1";
  next.click();
}

export function listen() {
  document.addEventListener("keydown", (event) => {
    const list = document.querySelector("[data-review]");
    if (!list || event.altKey || event.ctrlKey || event.metaKey) return;
    const field = event.target.closest?.("input, textarea, select");
    const card = event.target.closest?.("[data-review] > li");
    const key = event.key.toLowerCase();
    if (!field && key === "j") step(list, 1);
    else if (!field && key === "k") step(list, -1);
    else if (!field && key === "p" && card) play(card);
    else if (key === "enter" && card && !typing(event.target)) location.assign(card.dataset.open);
    else return;
    event.preventDefault();
  });
}
