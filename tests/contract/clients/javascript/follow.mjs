// Follows an address of server-sent events with an API key and prints one line of JSON for each
// thing that happens, until `done` or until it is ended.

import { readFileSync } from "node:fs";
import { EventSource } from "eventsource";

const [address, keyFile] = process.argv.slice(2);
const key = readFileSync(keyFile, "ascii").trim();

const stream = new EventSource(address, {
  fetch: (input, init) =>
    fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${key}` } }),
});

function tell(event, data) {
  console.log(JSON.stringify({ event, data }));
}

stream.addEventListener("open", () => tell("open", null));
stream.addEventListener("error", (error) => tell("error", error.code ?? null));
for (const name of ["task", "deleted", "done"]) {
  stream.addEventListener(name, ({ data }) => tell(name, JSON.parse(data)));
}
stream.addEventListener("done", () => stream.close());
