// Holds the one event stream of all open pages of this server: it asks for what the visible ones show, and is
// closed while none is visible.

// The server says something every 10 s; a silence of more than twice that is a lost connection.
const SILENCE = 25_000;
// A page says every 20 s that it is there.
const GONE = 70_000;

const pages = new Map();
let source = null;
let asked = "";
let position = "";
let heard = Date.now();
let begun = 0;
let lost = false;
let timer = 0;

const shown = () => Array.from(pages).filter(([, page]) => page.shown);

// The older of two positions `EPOCH-SEQUENCE`; none when they are of two lives of the server.
function older(one, other) {
  const [epoch, sequence] = (one ?? "").split("-");
  const [another, place] = (other ?? "").split("-");
  if (epoch !== another) {
    return "";
  }
  return Number(place) < Number(sequence) ? other : one;
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
  asked = "";
}

function update() {
  const visible = shown();
  if (visible.length === 0) {
    close();
    return;
  }
  const topics = Array.from(new Set(visible.flatMap(([, page]) => page.topics))).sort();
  const since = visible.map(([, page]) => page.since).reduce(older);
  if (source === null || asked !== topics.join() || since !== position) {
    open(topics, since);
  }
}

function open(topics, since) {
  close();
  asked = topics.join();
  position = since;
  begun = Date.now();
  source = new EventSource(new URL(`live?${new URLSearchParams({ topics: asked, since })}`, import.meta.url));
  source.addEventListener("alive", hear);
  for (const name of ["snapshot", "delta"]) {
    source.addEventListener(name, (event) => {
      hear();
      position = event.lastEventId;
      const parts = JSON.parse(event.data);
      for (const [port, page] of shown()) {
        page.since = position;
        port.postMessage({ parts, at: position });
      }
    });
  }
  source.addEventListener("error", () => {
    lose();
    // A browser gives up when the answer is an error instead of a stream.
    if (source?.readyState === EventSource.CLOSED) {
      again(1000 + Math.random() * 2000);
    }
  });
}

function again(pause) {
  close();
  timer = setTimeout(update, pause);
}

function hear() {
  heard = Date.now();
  if (lost) {
    lost = false;
    shown().forEach(([port]) => port.postMessage({}));
  }
}

function lose() {
  lost = true;
  shown().forEach(([port]) => port.postMessage({ lost: heard }));
}

setInterval(() => {
  const now = Date.now();
  for (const [port, page] of pages) {
    if (now - page.told > GONE) {
      pages.delete(port);
    }
  }
  if (source !== null && now - Math.max(heard, begun) > SILENCE) {
    lose();
    again(0);
  } else {
    update();
  }
}, 5_000);

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data.gone) {
      pages.delete(port);
    } else {
      const before = pages.get(port);
      // Of a page that is looked at all the time it is known here what it was last sent.
      const same = before?.shown && data.shown && before.topics.join() === data.topics.join();
      const since = same ? before.since : data.since;
      pages.set(port, { ...data, since, told: Date.now() });
      if (lost && data.shown && !before?.shown) {
        port.postMessage({ lost: heard });
      }
    }
    update();
  };
  port.start?.();
};
