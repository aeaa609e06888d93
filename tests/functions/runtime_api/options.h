/* Command line of the Runtime API server, and what it opens before it serves. */
#ifndef COLDMETER_TESTS_OPTIONS_H
#define COLDMETER_TESTS_OPTIONS_H

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "tests/functions/runtime_api/sandbox.h"

#define SECONDS 1000000000.0

static const struct option options_table[] = {
    {"listen", required_argument, NULL, 'l'},
    {"log", required_argument, NULL, 'o'},
    {"function", required_argument, NULL, 'f'},
    {"version", required_argument, NULL, 'v'},
    {"region", required_argument, NULL, 'r'},
    {"handler", required_argument, NULL, 'h'},
    {"memory", required_argument, NULL, 'm'},
    {"timeout", required_argument, NULL, 't'},
    {"init-timeout", required_argument, NULL, 'n'},
    {"idle-life", required_argument, NULL, 'i'},
    {"provisioned", no_argument, NULL, 'p'},
    {NULL, 0, NULL, 0},
};

static const char options_usage[] =
    "usage: runtime_api --listen 127.0.0.1:PORT [--log FILE] [--function NAME]\n"
    "           [--version V] [--region R] [--handler H] [--memory MB] [--timeout S]\n"
    "           [--init-timeout S] [--idle-life S] [--provisioned] -- COMMAND...\n";

static inline bool options_number(const char *text, double most, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && !*end && *number > 0 && *number <= most;
}

static inline bool options_take(int option, struct settings *s)
{
	double number = 0;
	bool is_number = optarg && options_number(optarg, 1e6, &number);

	switch (option) {
	case 'l':
		s->listen = optarg;
		return true;
	case 'o':
		s->log = optarg;
		return true;
	case 'f':
		s->function = optarg;
		return true;
	case 'v':
		s->version = optarg;
		return true;
	case 'r':
		s->region = optarg;
		return true;
	case 'h':
		s->handler = optarg;
		return true;
	case 'm':
		s->memory_mb = (long)number;
		return is_number;
	case 't':
		s->timeout_ns = (int64_t)(number * SECONDS);
		return is_number;
	case 'n':
		s->init_timeout_ns = (int64_t)(number * SECONDS);
		return is_number;
	case 'i':
		s->idle_life_ns = (int64_t)(number * SECONDS);
		return is_number;
	case 'p':
		s->provisioned = true;
		return true;
	default:
		return false;
	}
}

/* The status to end with, or -1 to go on. */
static inline int options_parse(int argc, char **argv, struct settings *s)
{
	int option;

	*s = (struct settings){.function = "function",
	    .version = "$LATEST",
	    .region = "us-east-1",
	    .memory_mb = 128,
	    .timeout_ns = (int64_t)(3 * SECONDS),
	    .init_timeout_ns = (int64_t)(10 * SECONDS)};
	while ((option = getopt_long(argc, argv, "+", options_table, NULL)) != -1) {
		if (options_take(option, s))
			continue;
		(void)fputs(options_usage, stderr);
		return 2;
	}
	s->command = argv + optind;
	if (!s->listen || !s->command[0]) {
		(void)fputs(options_usage, stderr);
		return 2;
	}
	if (getenv("AWS_LAMBDA_RUNTIME_API")) {
		(void)fputs("runtime_api: AWS_LAMBDA_RUNTIME_API is set: a server is no "
			    "function, start it without\n",
		    stderr);
		return 2;
	}
	return -1;
}

static inline FILE *options_log(const struct settings *s)
{
	FILE *log = fopen(s->log ? s->log : "/dev/null", "ae");

	if (!log)
		(void)fprintf(stderr, "runtime_api: %s: %s\n", s->log, strerror(errno));
	return log;
}

static inline int options_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static inline bool options_address(const char *text, struct sockaddr_in *to)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	char *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 65536;

	if (!colon || end == colon + 1 || *end || port > 65535 ||
	    (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = 0;
	*to = (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return inet_pton(AF_INET, host, &to->sin_addr) == 1;
}

/* Descriptor or -1, said; api is the address with the port that it got. */
static inline int options_listener(const char *text, char *api, size_t size)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	char host[INET_ADDRSTRLEN];
	int yes = 1;
	int fd;

	if (!options_address(text, &at)) {
		(void)fprintf(
		    stderr, "runtime_api: --listen %s: not ADDRESS:PORT\n", text);
		return -1;
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 512) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		(void)fprintf(stderr, "runtime_api: cannot listen on %s: %s\n", text,
		    strerror(errno));
		return -1;
	}
	(void)inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host));
	(void)snprintf(api, size, "%s:%u", host, ntohs(at.sin_port));
	return fd;
}

#endif
