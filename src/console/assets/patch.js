// Fetches the page again and changes only what differs: focus, open parts, what is being typed and what is being
// played stay as they are.

// By its attribute: of a form with a field named id the property is that field.
const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("id") ?? "" : "");

function same(old, fresh) {
  return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && key(old) === key(fresh);
}

function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open" && name !== "aria-pressed") old.removeAttribute(name);
  }
}

function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // What people type and what forms answered is theirs; so is what a script keeps.
  if (old.matches("input:not([type=hidden]), textarea, output, [data-own]")) return;
  attributes(old, fresh);
  children(old, fresh);
}

function children(old, fresh) {
  const keyed = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  const wanted = new Set([...fresh.children].map(key).filter(Boolean));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const known = key(next) && keyed.get(key(next));
    if (known && same(known, next)) {
      // What stands before it and is gone goes: a node that is moved loses the focus within it.
      while (at && at !== known && !wanted.has(key(at))) {
        const gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      if (known !== at) old.insertBefore(known, at);
      else at = at.nextSibling;
      morph(known, next);
    } else if (at && !key(next) && same(at, next)) {
      const here = at;
      at = at.nextSibling;
      morph(here, next);
    } else {
      old.insertBefore(document.importNode(next, true), at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

export async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html", "x-refresh": "1" }, redirect: "manual" });
  if (answer.type === "opaqueredirect") { location.reload(); return; }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const page = document.getElementById("page");
  const next = fresh.getElementById("page");
  if (!page || !next) return;
  const talk = document.getElementById("transcript");
  const atEnd = !talk || talk.scrollTop + talk.clientHeight >= talk.scrollHeight - 8;
  morph(page, next);
  if (atEnd) toEnd();
  document.dispatchEvent(new Event("patched"));
}

function toEnd() {
  const talk = document.getElementById("transcript");
  if (talk) talk.scrollTop = talk.scrollHeight;
}

// How long a running call lasts, as the server writes it.
function duration(since) {
  const all = Math.max(0, Math.floor((Date.now() - since) / 1000));
  const two = (figure) => String(figure).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

export function tick() {
  toEnd();
  setInterval(() => {
    for (const node of document.querySelectorAll("[data-since]")) {
      const text = duration(Number(node.dataset.since));
      if (node.textContent !== text) node.textContent = text;
    }
  }, 1000);
}
