// 16 by 16 red points, which the framework makes smaller for a browser.
const picture =
  "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAF0lEQVR4nGP4z8BAEiJN9aiGUQ1DSgMAkPn/Afnh+ngAAAAASUVORK5CYII=";

export async function GET() {
  return new Response(Buffer.from(picture, "base64"), { headers: { "content-type": "image/png" } });
}
