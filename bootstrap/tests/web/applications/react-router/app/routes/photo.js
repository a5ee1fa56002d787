// Bytes that are no text.
export const loader = () =>
  new Response(Uint8Array.from({ length: 256 }, (_, byte) => byte), {
    headers: { "content-type": "image/png" },
  });

export async function action({ request }) {
  const body = await request.arrayBuffer();
  return Response.json({ name: "photo", bytes: body.byteLength });
}
