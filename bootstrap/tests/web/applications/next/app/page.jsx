import { cookies } from "next/headers";
import { redirect } from "next/navigation";

// Asked for the query, a page is made for each request.
export default async function Page({ searchParams }) {
  const { page } = await searchParams;

  async function greet(form) {
    "use server";
    (await cookies()).set("name", form.get("name"));
    redirect("/greet");
  }

  return (
    <main>
      <p>{`page ${page}`}</p>
      <form action={greet}>
        <input name="name" />
      </form>
    </main>
  );
}
