// As the Web Adapter's example is built: all that the server needs is in .next/standalone.
export default { output: "standalone" };
