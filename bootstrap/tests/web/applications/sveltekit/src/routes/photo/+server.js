import { json } from "@sveltejs/kit";

// Bytes that are no text.
export const GET = () =>
  new Response(Uint8Array.from({ length: 256 }, (_, byte) => byte), {
    headers: { "content-type": "image/png" },
  });

export const PUT = async ({ request }) =>
  json({ name: "photo", bytes: (await request.arrayBuffer()).byteLength });
