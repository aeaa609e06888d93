import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.FileWriter;
import java.io.IOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.Executors;

/**
 * The HTTP function of the tests on Java's own server, a pool of two threads: HttpFunction PORT.
 * ?ms= waits, ?cpu= works, ?mb= takes memory, ?bytes= and ?status= are the answer's. With CLOCK_LOG=file it writes
 * when it began to listen, when it was given each request and when the answer was written.
 */
public class HttpFunction {
	private static Writer log;

	private static int asked(HttpExchange exchange, String name, int otherwise) {
		String query = exchange.getRequestURI().getQuery();
		if (query == null)
			return otherwise;
		for (String part : query.split("&")) {
			if (part.startsWith(name + "="))
				return Integer.parseInt(part.substring(name.length() + 1));
		}
		return otherwise;
	}

	private static void work(HttpExchange exchange) throws InterruptedException {
		byte[] memory = new byte[asked(exchange, "mb", 0) << 20];
		Arrays.fill(memory, (byte) 1);
		long until = System.nanoTime() + asked(exchange, "cpu", 0) * 1000000L;
		while (System.nanoTime() < until)
			Thread.onSpinWait();
		Thread.sleep(asked(exchange, "ms", 0));
	}

	private static long nowNs() {
		Instant now = Instant.now();
		return now.getEpochSecond() * 1000000000L + now.getNano();
	}

	private static synchronized void write(String line) throws IOException {
		if (log == null)
			return;
		log.write(line + "\n");
		log.flush();
	}

	private static void handle(HttpExchange exchange) throws IOException {
		long readNs = nowNs();
		exchange.getRequestBody().readAllBytes();
		try {
			work(exchange);
		} catch (InterruptedException e) {
			throw new IOException(e);
		}
		byte[] body = new byte[asked(exchange, "bytes", 2)];
		boolean isHead = exchange.getRequestMethod().equals("HEAD");
		exchange.sendResponseHeaders(asked(exchange, "status", 200), isHead ? -1 : body.length);
		if (!isHead)
			exchange.getResponseBody().write(body);
		exchange.getResponseBody().flush();
		long sentNs = nowNs();
		exchange.close();
		write("{\"read_ns\":" + readNs + ",\"sent_ns\":" + sentNs + "}");
	}

	public static void main(String[] args) throws IOException {
		String path = System.getenv("CLOCK_LOG");
		log = path == null ? null : new FileWriter(path, true);
		nowNs(); // the first call of it loads classes for some ms
		HttpServer server = HttpServer.create(); // loads classes for some 20 ms, the binding then is quick
		server.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
		write("{\"listen_ns\":" + nowNs() + "}");
		server.createContext("/", HttpFunction::handle);
		server.setExecutor(Executors.newFixedThreadPool(2));
		server.start();
	}
}
