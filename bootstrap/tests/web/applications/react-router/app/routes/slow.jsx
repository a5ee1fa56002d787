import { existsSync } from "node:fs";
import { Suspense } from "react";
import { Await } from "react-router";

// The second part comes when the file is there, so a reader that has the first one got it by itself.
async function last() {
  while (!existsSync("gate")) await new Promise((resolve) => setTimeout(resolve, 5));
  return "the last part";
}

export const loader = () => ({ last: last() });

export default function Slow({ loaderData }) {
  return (
    <main>
      <p>the first part</p>
      <Suspense fallback={<p>not yet</p>}>
        <Await resolve={loaderData.last}>{(text) => <p>{text}</p>}</Await>
      </Suspense>
    </main>
  );
}
