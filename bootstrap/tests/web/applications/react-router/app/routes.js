import { index, route } from "@react-router/dev/routes";

export default [index("routes/home.jsx"), route("photo", "routes/photo.js"), route("slow", "routes/slow.jsx")];
