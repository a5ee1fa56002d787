// Bytes that are no text.
export async function GET() {
  return new Response(Uint8Array.from({ length: 256 }, (_, byte) => byte), {
    headers: { "content-type": "image/png" },
  });
}

export async function PUT(request) {
  const body = await request.arrayBuffer();
  return Response.json({ name: "photo", bytes: body.byteLength });
}
