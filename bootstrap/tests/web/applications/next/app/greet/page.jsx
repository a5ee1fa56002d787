import { cookies } from "next/headers";

export default async function Page() {
  const name = (await cookies()).get("name");
  return <p>{`Hello, ${name?.value ?? "stranger"}!`}</p>;
}
