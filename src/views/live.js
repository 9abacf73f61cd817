// Follows the view's events and puts what is new in its place. Nothing is done while the page cannot be seen.

const content = document.getElementById("content");
const lost = document.getElementById("lost");
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/// The server says something every 10 s; a silence of more than twice that is a lost connection.
const SILENCE = 25_000;
const AGAIN = 2_000;

let events = null;
let heard = Date.now();
let begun = 0;
let timer = 0;

function localTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    time.textContent = clock.format(new Date(time.dateTime));
  }
}

const parts = (root) => Array.from(root.querySelectorAll("[data-live]"));
const names = (root) => parts(root).map((part) => part.id).join(" ");

function show(markup) {
  const fresh = new DOMParser().parseFromString(markup, "text/html").body;
  localTimes(fresh);
  if (names(fresh) !== names(content)) {
    content.replaceChildren(...fresh.childNodes);
    return;
  }
  // Only what changed is replaced, so that a table that is open stays open.
  for (const part of parts(fresh)) {
    const shown = document.getElementById(part.id);
    if (shown.innerHTML !== part.innerHTML) {
      shown.replaceChildren(...part.childNodes);
    }
  }
}

function hear() {
  heard = Date.now();
  lost.hidden = true;
}

function lose() {
  if (lost.hidden) {
    lost.textContent = `Connection lost, data as of ${clock.format(heard)}. Trying again…`;
    lost.hidden = false;
  }
}

function disconnect() {
  clearTimeout(timer);
  events?.close();
  events = null;
}

function connect() {
  disconnect();
  if (document.hidden) {
    return;
  }
  begun = Date.now();
  events = new EventSource("events");
  events.addEventListener("content", (event) => {
    hear();
    show(event.data);
  });
  events.addEventListener("alive", hear);
  events.addEventListener("error", () => {
    lose();
    // A browser gives up when the answer is an error instead of a stream.
    if (events?.readyState === EventSource.CLOSED) {
      timer = setTimeout(connect, AGAIN);
    }
  });
}

setInterval(() => {
  if (events !== null && Date.now() - Math.max(heard, begun) > SILENCE) {
    lose();
    connect();
  }
}, 5_000);

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
localTimes(document);
connect();
