import { existsSync } from "fs";
import { Suspense } from "react";

export const dynamic = "force-dynamic";

// The second part comes when the file is there, so a reader that has the first one got it by itself.
async function Last() {
  while (!existsSync("../../gate")) await new Promise((resolve) => setTimeout(resolve, 5));
  return <p>the last part</p>;
}

export default function Page() {
  return (
    <main>
      <p>the first part</p>
      <Suspense fallback={<p>not yet</p>}>
        <Last />
      </Suspense>
    </main>
  );
}
