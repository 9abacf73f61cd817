// Keeps an open page up to date: says what it shows, and puts newer markup in the place of older one.

const body = document.body;
const element = (id) => document.getElementById(id);
const all = (root, selector) => Array.from(root.querySelectorAll(selector));
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const stored = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};

const store = (name, value) => {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
};

/* Parts. */

function localTimes(root) {
  for (const time of all(root, "time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.textContent = clock.format(at);
    }
  }
}

function takeAttributes(known, fresh) {
  const names = fresh.getAttributeNames();
  for (const name of names) {
    const value = fresh.getAttribute(name);
    if (known.getAttribute(name) !== value) {
      known.setAttribute(name, value);
    }
  }
  if (known.attributes.length === names.length) {
    return;
  }
  for (const name of known.getAttributeNames()) {
    // What a reader has opened stays open.
    if (!fresh.hasAttribute(name) && name !== "open") {
      known.removeAttribute(name);
    }
  }
}

// Makes what is shown like what is new, and touches nothing else: focus, selection and scrolling stay.
function morph(shown, fresh) {
  let known = shown.firstChild;
  let node = fresh.firstChild;
  while (node !== null) {
    const other = known?.nextSibling ?? null;
    const next = node.nextSibling;
    if (known === null) {
      shown.append(node);
    } else if (known.nodeName !== node.nodeName) {
      known.replaceWith(node);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      takeAttributes(known, node);
      morph(known, node);
    } else if (known.nodeValue !== node.nodeValue) {
      known.nodeValue = node.nodeValue;
    }
    known = other;
    node = next;
  }
  while (known !== null) {
    const other = known.nextSibling;
    known.remove();
    known = other;
  }
}

function replace(part, markup) {
  const template = document.createElement("template");
  const drawn = part.namespaceURI !== body.namespaceURI;
  // A piece of a drawing is read as one, or its shapes would be unknown elements.
  template.innerHTML = drawn ? `<svg>${markup}</svg>` : markup;
  const fresh = drawn ? template.content.firstChild : template.content;
  localTimes(fresh);
  morph(part, fresh);
}

// Parts far from what is seen, and the newest markup they wait for: until they come near, or nothing else is to do.
const far = new Set();
const later = new Map();
const idle = self.requestIdleCallback ?? setTimeout;
let resting = 0;

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        far.delete(target);
        settle(target);
      } else {
        far.add(target);
      }
    }
  },
  { rootMargin: "50%" },
);

function settle(part) {
  const markup = later.get(part);
  if (later.delete(part)) {
    replace(part, markup);
  }
}

function settleNext() {
  const [part] = later.keys();
  if (part !== undefined) {
    settle(part);
    idle(settleNext);
  }
}

function settleLater() {
  if (later.size > 0 && resting === 0) {
    resting = setTimeout(() => {
      resting = 0;
      idle(settleNext);
    }, 2000);
  }
}

function show(parts) {
  let strange = false;
  let appeared = false;
  for (const [id, markup] of Object.entries(parts)) {
    const part = element(id);
    if (part === null) {
      strange = true;
    } else if (far.has(part) && part.firstChild !== null && !part.contains(document.activeElement)) {
      later.set(part, markup);
    } else {
      appeared ||= part.firstChild === null;
      later.delete(part);
      replace(part, markup);
      near.observe(part);
    }
  }
  settleLater();
  // The server shows other things than when this page was made.
  if (strange && !body.classList.contains("embed") && performance.now() > 5_000) {
    location.reload();
  }
  return appeared;
}

addEventListener("beforeprint", () => Array.from(later.keys()).forEach(settle));

/* The connection, which all tabs of this browser share. */

// Those of the page, and those of what can be seen in it: a picture that is hidden needs no news.
function seen() {
  const own = (body.dataset.topics ?? "").split(" ").filter(Boolean);
  const inSight = (part) => part.checkVisibility?.() ?? part.getClientRects().length > 0;
  const parts = all(document, "[data-topic]").filter(inSight);
  return Array.from(new Set([...own, ...parts.map((part) => part.dataset.topic)])).sort();
}

let topics = seen();
let since = body.dataset.since;
let paused = false;
let port = null;

async function connect() {
  const url = new URL("worker.js", import.meta.url);
  try {
    const worker = new SharedWorker(url, { type: "module", name: "live" });
    // The server went away before.
    worker.onerror = () => {
      hear({ lost: performance.timeOrigin });
      setTimeout(connect, 1000 + Math.random() * 2000);
    };
    port = worker.port;
  } catch {
    // Without shared workers each visible page has a connection of its own, made by the same script.
    const channel = new MessageChannel();
    await import(url);
    self.onconnect({ ports: [channel.port1] });
    port = channel.port2;
  }
  port.onmessage = ({ data }) => hear(data);
  port.start();
  tell();
}

function tell() {
  port?.postMessage({ topics, since, shown: !document.hidden && !paused });
}

function hear({ parts, at, lost }) {
  const banner = element("lost");
  if (lost !== undefined) {
    banner.textContent = `Connection lost, data as of ${clock.format(lost)}. Trying again…`;
    banner.hidden = false;
    return;
  }
  banner.hidden = true;
  if (parts && !paused && !document.hidden) {
    since = at;
    const appeared = topics.map((topic) => show(parts[topic] ?? {}));
    // What was empty had no place on the page.
    if (appeared.includes(true)) {
      look();
    }
    document.dispatchEvent(new CustomEvent("shown"));
  }
}

// What comes into sight was not kept up to date; a position of nowhere gets everything.
function look() {
  const now = seen();
  if (now.join() !== topics.join()) {
    topics = now;
    since = "";
    tell();
  }
}

let resized = 0;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(look, 200);
});
document.addEventListener("toggle", look, true);
document.addEventListener("visibilitychange", tell);
addEventListener("pageshow", (event) => event.persisted && tell());
addEventListener("pagehide", () => port?.postMessage({ gone: true }));
// A tab that crashed says no more.
setInterval(() => !document.hidden && tell(), 20_000);

/* A cursor in each chart, fetched when it is used. */

const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

for (const figure of all(document, "figure:has(svg)")) {
  figure.tabIndex = 0;
  figure.addEventListener("keydown", (event) => {
    if (event.target === figure && event.key in steps && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      import("./cursor.js").then((cursor) => cursor.move(figure, steps[event.key]));
    }
  });
}

/* Buttons and keys. */

const themes = ["", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  element("theme").textContent = `Theme: ${theme || "system"}`;
}

// A cookie, so that the server writes the next page in this theme and no script holds up its first paint.
function nextTheme() {
  const shown = document.documentElement.dataset.theme ?? "";
  const theme = themes[(themes.indexOf(shown) + 1) % themes.length];
  document.cookie = `headwater_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  setTheme(theme);
}

function pause() {
  paused = !paused;
  const button = element("pause");
  button.textContent = paused ? "Go on" : "Pause";
  button.setAttribute("aria-pressed", paused);
  body.classList.toggle("paused", paused);
  tell();
}

function tables() {
  const found = all(document, "details.data");
  const open = found.some((details) => !details.open);
  found.forEach((details) => (details.open = open));
}

function help() {
  const dialog = element("help");
  if (dialog.open) {
    dialog.close();
  } else {
    dialog.showModal();
  }
}

const actions = {
  "?": help,
  "/": () => document.querySelector("[data-search]")?.focus(),
  p: pause,
  t: tables,
  d: nextTheme,
};

let before = "";

function press(event) {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || typing || !element("shortcuts").checked) {
    return;
  }
  const keys = `${before}${event.key}`;
  before = event.key === "g" ? "g " : "";
  const link = document.querySelector(`a[data-keys="${CSS.escape(keys)}"]`);
  const action = link ? () => link.click() : actions[keys];
  if (action) {
    event.preventDefault();
    action();
  }
}

document.addEventListener("keydown", press);
element("pause").addEventListener("click", pause);
element("theme").addEventListener("click", nextTheme);
element("keys").addEventListener("click", help);
element("shortcuts").checked = stored("keys") !== "off";
element("shortcuts").addEventListener("change", (event) => {
  store("keys", event.target.checked ? "on" : "off");
});
document.querySelector(".tools").hidden = false;
setTheme(document.documentElement.dataset.theme ?? "");
localTimes(document);

if (topics.length > 0) {
  connect();
} else {
  element("pause").hidden = true;
}
