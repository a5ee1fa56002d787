import { existsSync } from "node:fs";

// The second part comes when the file is there, so a reader that has the first one got it by itself.
async function* parts() {
  const encoder = new TextEncoder();
  yield encoder.encode("data: first\n\n");
  while (!existsSync("gate")) await new Promise((resolve) => setTimeout(resolve, 5));
  yield encoder.encode("data: last\n\n");
}

export const GET = () =>
  new Response(ReadableStream.from(parts()), { headers: { "content-type": "text/event-stream" } });
