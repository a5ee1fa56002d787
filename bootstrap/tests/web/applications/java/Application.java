import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A web application on the JDK's own server, which knows nothing of Lambda. */
public final class Application {
    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0].replace("--server.port=", ""));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", Application::serve);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    private static void serve(HttpExchange exchange) throws IOException {
        String query = exchange.getRequestURI().getRawQuery();
        switch (exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath()) {
            case "GET /healthz" -> answer(exchange, 200, "text/plain", "well\n".getBytes());
            case "GET /" -> page(exchange, value("page", query));
            case "POST /greet" -> greet(exchange);
            case "GET /style.css" -> answer(exchange, 200, "text/css", Files.readAllBytes(Path.of("style.css")));
            case "GET /photo" -> answer(exchange, 200, "image/png", photo());
            case "PUT /photo" -> upload(exchange);
            case "GET /gated" -> gated(exchange);
            case "GET /stream-dummy" -> dummy(exchange, Integer.parseInt(value("size", query)) << 20);
            default -> answer(exchange, 404, "text/plain", "not here\n".getBytes());
        }
    }

    private static void page(HttpExchange exchange, String page) throws IOException {
        String cookies = exchange.getRequestHeaders().getFirst("Cookie");
        Matcher known = Pattern.compile("\\bname=([^;]*)").matcher(cookies == null ? "" : cookies);
        String name = known.find() ? decoded(known.group(1)) : "stranger";
        String text = "<p>page " + page.replace("&", "&amp;") + "</p><p>Hello, " + name + "!</p>";
        answer(exchange, 200, "text/html; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    private static void greet(HttpExchange exchange) throws IOException {
        String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Matcher name = Pattern.compile("(?:^|&)name=([^&]*)").matcher(form);
        exchange.getResponseHeaders().add("Set-Cookie", "name=" + (name.find() ? name.group(1) : "") + "; Path=/");
        exchange.getResponseHeaders().add("Set-Cookie", "seen=1; Path=/");
        exchange.getResponseHeaders().add("Location", "/");
        exchange.sendResponseHeaders(303, -1);
        exchange.close();
    }

    private static void upload(HttpExchange exchange) throws IOException {
        int bytes = exchange.getRequestBody().readAllBytes().length;
        answer(exchange, 200, "application/json", ("{\"name\":\"photo\",\"bytes\":" + bytes + "}").getBytes());
    }

    /** The second part comes when the file is there, so a reader that has the first one got it by itself. */
    private static void gated(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        try (var body = exchange.getResponseBody()) {
            body.write("data: first\n\n".getBytes());
            body.flush();
            while (!Files.exists(Path.of("gate"))) Thread.sleep(5);
            body.write("data: last\n\n".getBytes());
        } catch (InterruptedException end) {
            throw new IOException(end);
        }
    }

    private static void dummy(HttpExchange exchange, int bytes) throws IOException {
        exchange.getResponseHeaders().add("Content-Disposition", "attachment; filename=dummy");
        answer(exchange, 200, "application/octet-stream", new byte[bytes]);
    }

    private static byte[] photo() {
        byte[] bytes = new byte[256];
        for (int index = 0; index < bytes.length; index++) bytes[index] = (byte) index;
        return bytes;
    }

    private static String value(String name, String query) {
        Matcher found = Pattern.compile("(?:^|&)" + name + "=([^&]*)").matcher(query == null ? "" : query);
        return found.find() ? decoded(found.group(1)) : "";
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        try (var stream = exchange.getResponseBody()) {
            stream.write(body);
        }
    }
}
