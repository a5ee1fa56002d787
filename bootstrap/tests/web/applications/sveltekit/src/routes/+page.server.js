import { redirect } from "@sveltejs/kit";

export const load = ({ url, cookies }) => ({
  page: url.searchParams.get("page"),
  name: cookies.get("name") ?? "stranger",
});

export const actions = {
  default: async ({ request, cookies }) => {
    const form = await request.formData();
    cookies.set("name", form.get("name"), { path: "/" });
    redirect(303, "/");
  },
};
