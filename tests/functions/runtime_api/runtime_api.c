/* A small Runtime API server: one sandbox, the published API, and one line of truth for
 * each event.
 *
 * Callers POST /2015-03-31/functions/NAME/invocations; the runtime, which it starts,
 * speaks /2018-06-01/runtime/. One thread and one poll(): what it times is not delayed by
 * anything else that it does. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "tests/functions/runtime_api/answer.h"
#include "tests/functions/runtime_api/options.h"
#include "tests/functions/runtime_api/sandbox.h"

#define CONNECTIONS_MAX 512
#define INIT_ERROR_GRACE_NS 500000000LL /* for the runtime to end by itself */

#define FRONT_DOOR "/2015-03-31/functions/"
#define RUNTIME "/2018-06-01/runtime/"

struct server {
	struct settings settings;
	int listener;
	int signals;
	FILE *log;
	char api[64]; /* address as the runtime is told it */
	struct connection connections[CONNECTIONS_MAX];
	struct sandbox sandbox;
	struct events waiting;
	struct event *running;
	struct connection *polling; /* asked for the next event and waits */
	bool stopping;
};

static void finish(struct server *s, struct event *e)
{
	event_write(s->log, e);
	event_free(e);
}

/* The event that waits for a sandbox which could not start; without one, the failure
 * itself is written down. */
static void init_failed(struct server *s, const void *body, size_t n)
{
	struct event *e = events_take(&s->waiting);
	struct event nobody = {.arrived_ns = wall_ns()};

	if (!e)
		e = &nobody;
	e->status = "init_error";
	e->cold = true;
	e->init_ns = wall_ns() - s->sandbox.spawned_ns;
	if (n)
		answer_caller(e, body, n);
	else
		answer_failure(
		    e, "Runtime.ExitError", "Runtime exited before it was ready");
	if (e == &nobody)
		event_write(s->log, e);
	else
		finish(s, e);
}

static void start_if_needed(struct server *s)
{
	while (!s->sandbox.pid && s->waiting.n && !s->stopping) {
		if (sandbox_start(&s->sandbox, &s->settings, s->api, false) == 0)
			return;
		init_failed(s, NULL, 0);
	}
}

/* The function's name may hold anything, a header may not. */
static void print_arn(const struct settings *s, char *to, size_t size)
{
	int n = snprintf(to, size, "arn:aws:lambda:%s:000000000000:function:%.140s",
	    s->region, s->function);

	for (int i = 0; i < n && (size_t)i < size - 1; i++) {
		if (to[i] < 0x21 || to[i] > 0x7e)
			to[i] = '_';
	}
}

static void deliver(struct server *s)
{
	struct event *e;
	char arn[512];
	char fields[1024];

	if (!s->polling || s->running)
		return;
	e = events_take(&s->waiting);
	if (!e)
		return;
	if (!s->sandbox.had_event) {
		e->init_ns = s->sandbox.ready_ns - s->sandbox.spawned_ns;
		e->cold = e->arrived_ns < s->sandbox.ready_ns;
	}
	s->sandbox.had_event = true;
	s->running = e;
	print_arn(&s->settings, arn, sizeof(arn));
	/* Before the send: on a busy host the receiver may run before send() returns. */
	e->delivered_ns = wall_ns();
	(void)snprintf(fields, sizeof(fields),
	    "Lambda-Runtime-Aws-Request-Id: %s\r\n"
	    "Lambda-Runtime-Deadline-Ms: %" PRId64 "\r\n"
	    "Lambda-Runtime-Invoked-Function-Arn: %s\r\n"
	    "Lambda-Runtime-Trace-Id: %s\r\n",
	    e->id, (e->delivered_ns + s->settings.timeout_ns) / 1000000, arn, e->trace);
	answer(s->polling, "200 OK", fields, e->payload.at, e->payload.len);
	s->polling = NULL;
}

static void take_next(struct server *s, struct connection *c)
{
	struct event *e = s->running;

	if (e && !e->status) {
		refuse(c, "403 Forbidden", "InvalidStateTransition",
		    "the event before has not been answered");
		return;
	}
	if (e) {
		e->next_ns = c->read_ns;
		s->running = NULL;
		finish(s, e);
	}
	if (!s->sandbox.ready_ns)
		s->sandbox.ready_ns = c->read_ns;
	s->sandbox.idle_since_ns = monotonic_ns();
	if (s->polling)
		refuse(s->polling, "403 Forbidden", "InvalidStateTransition",
		    "another connection asked for the next event");
	s->polling = c;
	deliver(s);
}

/* invocation/ID/response or invocation/ID/error */
static void take_outcome(struct server *s, struct connection *c, struct http_text path)
{
	struct event *e = s->running;
	bool is_response;
	struct http_text verb;

	if (path.bytes < ID_BYTES || path.at[ID_BYTES - 1] != '/') {
		refuse(c, "404 Not Found", "NotFound", "no such path");
		return;
	}
	verb = (struct http_text){path.at + ID_BYTES, path.bytes - ID_BYTES};
	is_response = http_is(verb, "response");
	if (!is_response && !http_is(verb, "error")) {
		refuse(c, "404 Not Found", "NotFound", "no such path");
	} else if (!e || memcmp(path.at, e->id, ID_BYTES - 1) != 0) {
		refuse(
		    c, "400 Bad Request", "InvalidRequestID", "no such event is running");
	} else if (e->status) {
		refuse(c, "403 Forbidden", "InvalidStateTransition",
		    "the event has been answered");
	} else {
		e->responded_ns = c->read_ns;
		e->status = is_response ? "ok" : "error";
		accepted(c);
		answer_caller(e, c->body.at, c->body.len);
	}
}

static void take_init_error(struct server *s, struct connection *c)
{
	if (s->sandbox.ready_ns || !s->sandbox.pid) {
		refuse(c, "403 Forbidden", "InvalidStateTransition",
		    "nothing is being initialised");
		return;
	}
	accepted(c);
	s->sandbox.init_failed = true;
	s->sandbox.init_by_ns = monotonic_ns() + INIT_ERROR_GRACE_NS;
	init_failed(s, c->body.at, c->body.len);
}

static void take_event(struct server *s, struct connection *c, struct http_text path)
{
	static const char tail[] = "/invocations";
	struct http_text kind = http_field(&c->request, "X-Amz-Invocation-Type");
	size_t n = sizeof(tail) - 1;
	struct event *e;

	if (path.bytes <= n || memcmp(path.at + path.bytes - n, tail, n) != 0) {
		refuse(c, "404 Not Found", "NotFound", "no such path");
		return;
	}
	path.bytes -= n;
	if (!http_is(path, s->settings.function) && !http_is(path, "function")) {
		refuse(
		    c, "404 Not Found", "ResourceNotFoundException", "no such function");
	} else if (http_says(kind, "DryRun")) {
		answer(c, "204 No Content", "", "", 0);
	} else if (s->waiting.n >= EVENTS_MAX) {
		refuse(c, "429 Too Many Requests", "TooManyRequestsException",
		    "too many events wait");
	} else {
		e = event_new(c);
		events_add(&s->waiting, e);
		if (http_says(kind, "Event"))
			answer(c, "202 Accepted", "", "", 0);
		else
			e->caller = c;
		start_if_needed(s);
		deliver(s);
	}
}

/* The rest of target behind prefix, or {NULL, 0}. */
static struct http_text behind(struct http_text target, const char *prefix)
{
	size_t n = strlen(prefix);

	if (target.bytes < n || memcmp(target.at, prefix, n) != 0)
		return (struct http_text){NULL, 0};
	return (struct http_text){target.at + n, target.bytes - n};
}

static void take_request(struct server *s, struct connection *c)
{
	struct http_text target = c->request.target;
	const char *query = memchr(target.at, '?', target.bytes);
	bool is_post = http_is(c->request.method, "POST");
	struct http_text path;

	c->waits = true;
	if (query)
		target.bytes = (size_t)(query - target.at);
	if (http_is(c->request.method, "GET") &&
	    http_is(target, RUNTIME "invocation/next"))
		take_next(s, c);
	else if (is_post && (path = behind(target, RUNTIME "invocation/")).at)
		take_outcome(s, c, path);
	else if (is_post && http_is(target, RUNTIME "init/error"))
		take_init_error(s, c);
	else if (is_post && (path = behind(target, FRONT_DOOR)).at)
		take_event(s, c, path);
	else
		refuse(c, "404 Not Found", "NotFound", "no such path");
}

static void close_connection(struct server *s, struct connection *c)
{
	if (s->polling == c)
		s->polling = NULL;
	if (s->running && s->running->caller == c)
		s->running->caller = NULL;
	for (struct event *e = s->waiting.first; e; e = e->next) {
		if (e->caller == c)
			e->caller = NULL;
	}
	connection_done(c);
}

static void refuse_malformed(struct connection *c, int status)
{
	c->has_head = false;
	if (status == -413)
		refuse(c, "413 Payload Too Large", "RequestEntityTooLarge",
		    "the body is larger than 6 MiB");
	else if (status == -431)
		refuse(c, "431 Request Header Fields Too Large", "BadRequest",
		    "the head is larger than 64 KiB");
	else
		refuse(c, "400 Bad Request", "BadRequest", "this is not HTTP/1.1");
}

static void serve(struct server *s, struct connection *c)
{
	bool open = connection_read(c);
	int whole = 0;

	while (open && !c->waits && !c->closing && (whole = connection_request(c)) == 1)
		take_request(s, c);
	if (whole < 0)
		refuse_malformed(c, whole);
	if (c->waits && c->in.len) /* pipelining is not spoken here */
		open = false;
	if (!open || !connection_flush(c))
		close_connection(s, c);
}

static void accept_one(struct server *s)
{
	int yes = 1;
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes));
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (s->connections[i].fd < 0) {
			s->connections[i].fd = fd;
			return;
		}
	}
	(void)close(fd);
}

/* What a process sent before its end has arrived before the news of it. */
static void serve_what_came(struct server *s)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (s->connections[i].fd >= 0)
			serve(s, &s->connections[i]);
	}
}

static void sandbox_over(struct server *s)
{
	struct event *e = s->running;
	bool never_ready = !s->sandbox.ready_ns && !s->sandbox.init_failed;

	if (e && s->sandbox.timed_out) {
		e->status = "timeout";
		answer_failure(e, "Sandbox.Timedout", "Task timed out");
	} else if (e && !e->status) {
		e->status = "crash";
		answer_failure(e, "Runtime.ExitError", "Runtime exited");
	}
	if (e)
		finish(s, e);
	s->running = NULL;
	if (s->polling)
		close_connection(s, s->polling);
	if (never_ready)
		init_failed(s, NULL, 0);
	s->sandbox = (struct sandbox){0};
	start_if_needed(s);
}

static void take_signal(struct server *s)
{
	struct signalfd_siginfo signal;

	while (read(s->signals, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
		if (signal.ssi_signo != SIGCHLD)
			s->stopping = true;
	}
	serve_what_came(s);
	if (sandbox_ended(&s->sandbox, WNOHANG))
		sandbox_over(s);
}

/* When the sandbox is to be killed, monotonic; 0: not. */
static int64_t sandbox_ends_ns(const struct server *s)
{
	const struct sandbox *sandbox = &s->sandbox;

	if (!sandbox->pid || sandbox->timed_out)
		return 0;
	if (!sandbox->ready_ns)
		return sandbox->init_by_ns;
	if (s->running)
		return s->running->delivered_ns - wall_ns() + monotonic_ns() +
		       s->settings.timeout_ns;
	return s->settings.idle_life_ns && s->polling
		   ? sandbox->idle_since_ns + s->settings.idle_life_ns
		   : 0;
}

static void turn(struct server *s)
{
	struct pollfd fds[CONNECTIONS_MAX + 2];
	int64_t ends_ns = sandbox_ends_ns(s);
	int64_t left_ns = ends_ns - monotonic_ns();
	struct timespec left = {0};

	if (left_ns > 0)
		left = (struct timespec){left_ns / 1000000000, left_ns % 1000000000};
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &s->connections[i];

		fds[i] = (struct pollfd){
		    .fd = c->fd, .events = (short)(POLLIN | (c->out.len ? POLLOUT : 0))};
	}
	fds[CONNECTIONS_MAX] = (struct pollfd){.fd = s->listener, .events = POLLIN};
	fds[CONNECTIONS_MAX + 1] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	if (ppoll(fds, CONNECTIONS_MAX + 2, ends_ns ? &left : NULL, NULL) < 0)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (fds[i].revents && s->connections[i].fd == fds[i].fd)
			serve(s, &s->connections[i]);
	}
	if (fds[CONNECTIONS_MAX].revents)
		accept_one(s);
	if (fds[CONNECTIONS_MAX + 1].revents)
		take_signal(s);
	ends_ns = sandbox_ends_ns(s);
	if (ends_ns && ends_ns <= monotonic_ns()) {
		s->sandbox.timed_out = true;
		sandbox_kill(&s->sandbox);
		if (s->polling)
			close_connection(s, s->polling);
	}
}

int main(int argc, char **argv)
{
	static struct server s;
	int status = options_parse(argc, argv, &s.settings);

	if (status >= 0)
		return status;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		s.connections[i].fd = -1;
	s.log = options_log(&s.settings);
	s.signals = options_signals();
	s.listener = options_listener(s.settings.listen, s.api, sizeof(s.api));
	if (!s.log || s.signals < 0 || s.listener < 0)
		return 1;
	if (s.settings.provisioned)
		(void)sandbox_start(&s.sandbox, &s.settings, s.api, true);
	(void)fprintf(stderr, "runtime_api: listening on http://%s\n", s.api);
	while (!s.stopping)
		turn(&s);
	sandbox_kill(&s.sandbox);
	(void)sandbox_ended(&s.sandbox, 0);
	serve_what_came(&s);
	return fclose(s.log) == 0 ? 0 : 1;
}
