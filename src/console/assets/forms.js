// Forms that change something: sent as JSON, answered in place. The keys of an agent's hand: Alt and a letter.
const words = () => document.body.dataset;

function explain(error) {
  const known = JSON.parse(words().errors);
  return words().failed + (known[error.code] ?? error.error ?? "");
}

function answer(form, text, good) {
  const output = form.querySelector("output");
  if (!output) return;
  output.textContent = text;
  output.className = good === undefined ? "" : good ? "is-good" : "is-bad";
}

function remember(form) {
  for (const field of form.querySelectorAll("[data-remember]")) {
    if (!words().signs) localStorage.setItem(`huiyin.${field.dataset.remember}`, field.value);
  }
}

function recall(root) {
  for (const field of root.querySelectorAll("[data-remember]")) {
    // Whoever is logged in signs with their own name.
    if (words().signs) { field.value = words().signs; field.readOnly = true; }
    else if (!field.value) field.value = localStorage.getItem(`huiyin.${field.dataset.remember}`) ?? "";
  }
}

// What is being typed outlives the page: it is back when the page is, in this tab alone, until it is sent.
const place = (field) => `huiyin.typed:${location.pathname}:${field.id}`;
const typed = (node) => node.matches?.("textarea[id]") && node.closest("form[data-post]");

function keep(field) {
  if (field.value) sessionStorage.setItem(place(field), field.value);
  else sessionStorage.removeItem(place(field));
}

function bring(root) {
  for (const field of root.querySelectorAll("form[data-post] textarea[id]")) {
    const kept = sessionStorage.getItem(place(field));
    if (kept !== null && field.value !== kept && document.activeElement !== field) {
      field.value = kept;
      const details = field.closest("details");
      if (details) details.open = true;
    }
  }
}

function sent(form) {
  for (const field of form.querySelectorAll("textarea[id]")) sessionStorage.removeItem(place(field));
}

// A field that the work has come to takes the cursor, unless somebody is writing elsewhere.
let arrived = null;
function arrive() {
  const field = document.querySelector("[data-arrive]");
  const free = !document.activeElement?.matches("input, textarea, select");
  if (field && field !== arrived && free) field.focus();
  arrived = field;
}

async function send(form, to) {
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  const headers = { "content-type": "application/json", "x-form-token": words().formToken ?? "" };
  const reply = await fetch(to, { method: "POST", headers, body });
  if (reply.ok) {
    const done = await reply.json().catch(() => ({}));
    if (done.page) location.assign(done.page);
    return { told: done.told };
  }
  return { error: await reply.json().catch(() => ({ code: "network" })) };
}

async function submit(form, submitter) {
  const button = submitter ?? form.querySelector("button[type=submit]");
  button.disabled = true;
  answer(form, words().saving);
  const { error, told } = await send(form, button.dataset.post ?? form.dataset.post).catch(() => ({ error: { code: "network" } }));
  button.disabled = false;
  if (error) {
    answer(form, explain(error), false);
    form.elements.namedItem(error.field ?? "")?.focus();
    return;
  }
  answer(form, told ?? words().sent, true);
  remember(form);
  sent(form);
  // What was asked for stays until the page is left.
  if (told) return;
  const details = form.closest("details");
  if (details) details.open = false;
  setTimeout(() => answer(form, ""), 4000);
  document.dispatchEvent(new Event("changed"));
}

export function listen() {
  recall(document);
  bring(document);
  arrive();
  document.addEventListener("patched", () => { recall(document); bring(document); arrive(); });
  document.addEventListener("input", (event) => { if (typed(event.target)) keep(event.target); });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.post) return;
    event.preventDefault();
    submit(form, event.submitter);
  });
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const named = document.querySelectorAll(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    const button = [...named].find((one) => !one.disabled && !one.closest("[hidden]"));
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
