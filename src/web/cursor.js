// A cursor in a chart: the arrow keys read its numbers one after another, to be seen and to be heard.

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// As the page's own CSV has them: every cell is plain, or quoted with quotes doubled.
function cells(csv) {
  const rows = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\r\n") {
      rows.push([]);
    } else if (end === "") {
      break;
    }
  }
  return rows.filter((row) => row.length > 1 || row[0] !== "");
}

async function numbersOf(figure) {
  const region = figure.closest("section.panel") ?? figure;
  const file = region.querySelector("a[href$='.csv']");
  if (file !== null) {
    return cells(await (await fetch(file.href)).text());
  }
  return Array.from(region.querySelectorAll("table tr"), (row) => Array.from(row.cells, (cell) => cell.textContent));
}

const written = (cell) => (/^\d{4}-\d\d-\d\dT/.test(cell) ? clock.format(new Date(cell)) : cell || "nothing");

// What is read of each chart that has the focus.
const readings = new WeakMap();

async function begin(figure) {
  const [head = [], ...rows] = await numbersOf(figure).catch(() => []);
  // What came last stands first in a table, and on the right in a picture; there a reader begins.
  const isTime = /^\d{4}-/.test(rows[0]?.[0]);
  return { head, rows: isTime ? rows.reverse() : rows, at: isTime ? rows.length : -1 };
}

function place(figure) {
  let told = figure.querySelector(".cursor");
  if (told === null) {
    told = figure.appendChild(document.createElement("p"));
    told.className = "cursor";
    told.setAttribute("aria-live", "polite");
  }
  return told;
}

export async function move(figure, step) {
  if (!readings.has(figure)) {
    readings.set(figure, begin(figure));
    // The next time there are newer numbers.
    figure.addEventListener("blur", () => (readings.delete(figure), (place(figure).textContent = "")), { once: true });
  }
  const told = place(figure);
  const reading = await readings.get(figure);
  reading.at = Math.min(Math.max(reading.at + step, 0), reading.rows.length - 1);
  const row = reading.rows[reading.at];
  const words = row?.map((cell, of) => `${reading.head[of]}: ${written(cell)}`).join(", ");
  told.textContent = words ?? "There are no numbers.";
}
