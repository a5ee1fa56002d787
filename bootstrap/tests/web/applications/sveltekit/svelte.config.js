import adapter from "@sveltejs/adapter-node";

// Forms are posted to the host that the function URL has.
export default { kit: { adapter: adapter() } };
