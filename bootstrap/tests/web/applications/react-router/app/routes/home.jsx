import { createCookie, Form, redirect } from "react-router";

const name = createCookie("name");

export async function loader({ request }) {
  const page = new URL(request.url).searchParams.get("page");
  const known = await name.parse(request.headers.get("cookie"));
  return { page, name: known ?? "stranger" };
}

export async function action({ request }) {
  const form = await request.formData();
  const cookie = await name.serialize(form.get("name"));
  return redirect("/", { status: 303, headers: { "set-cookie": cookie } });
}

export default function Home({ loaderData }) {
  return (
    <main>
      <p>{`page ${loaderData.page}`}</p>
      <p>{`Hello, ${loaderData.name}!`}</p>
      <Form method="post">
        <input name="name" />
      </Form>
    </main>
  );
}
