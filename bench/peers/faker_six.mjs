// Six fields with faker-js, written in pieces of 1000 records.
// Prints on standard error how many seconds the records took.
import { writeSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2]);
const { faker } = await import(require.resolve("@faker-js/faker"));
const count = Number(process.argv[3]);
faker.seed(1);
const begin = Date.UTC(2025, 0, 1);
const start = performance.now();
let piece = "";
for (let index = 0; index < count; index++) {
  piece += JSON.stringify({
    id: faker.string.uuid(),
    name: faker.person.fullName(),
    email: faker.internet.email(),
    city: faker.location.city(),
    age: faker.number.int({ min: 18, max: 80 }),
    time: new Date(begin + index * 1000).toISOString(),
  }) + "\n";
  if (index % 1000 === 999) {
    writeSync(1, piece);
    piece = "";
  }
}
writeSync(1, piece);
console.error((performance.now() - start) / 1000);
