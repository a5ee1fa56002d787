// React Router's own server takes requests for plain HTTP, and so does not know its origin behind a function URL.
export default { allowedActionOrigins: ["shop.example"] };
