const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function page(request: Request, url: URL): Response {
  const name = request.headers.get("cookie")?.match(/\bname=([^;]*)/)?.[1] ?? "stranger";
  const text = `<p>page ${escaped(url.searchParams.get("page") ?? "")}</p><p>Hello, ${escaped(decodeURIComponent(name))}!</p>`;
  return new Response(text, { headers: { "content-type": "text/html; charset=utf-8" } });
}

async function greet(request: Request): Promise<Response> {
  const form = await request.formData();
  const headers = new Headers({ location: "/" });
  headers.append("set-cookie", `name=${encodeURIComponent(String(form.get("name")))}; Path=/`);
  headers.append("set-cookie", "seen=1; Path=/");
  return new Response(null, { status: 303, headers });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

// The second part comes when the file is there, so a reader that has the first one got it by itself.
async function* parts() {
  yield "data: first\n\n";
  while (!await exists("gate")) await new Promise((resolve) => setTimeout(resolve, 5));
  yield "data: last\n\n";
}

Deno.serve({ port: Number(Deno.env.get("PORT")) }, async (request) => {
  const url = new URL(request.url);
  switch (`${request.method} ${url.pathname}`) {
    case "GET /":
      return page(request, url);
    case "POST /greet":
      return await greet(request);
    case "GET /style.css":
      return new Response((await Deno.open("style.css")).readable, { headers: { "content-type": "text/css" } });
    case "GET /photo":
      return new Response(bytes, { headers: { "content-type": "image/png" } });
    case "PUT /photo":
      return Response.json({ name: "photo", bytes: (await request.arrayBuffer()).byteLength });
    case "GET /gated": {
      const stream = ReadableStream.from(parts()).pipeThrough(new TextEncoderStream());
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    }
  }
  return new Response("not here\n", { status: 404 });
});
