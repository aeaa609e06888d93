#include "agent/settings.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/version.h"
#include "bpf/record.h"

enum {
	OPTION_STDOUT = 256,
	OPTION_COLLECTOR,
	OPTION_TOKEN,
	OPTION_CA,
	OPTION_SPOOL,
	OPTION_LIMIT,
	OPTION_BACKEND,
	OPTION_OVERHEAD,
	OPTION_SHED,
	OPTION_DEEP,
	OPTION_DEEP_OUT,
	OPTION_CONFIG,
	OPTION_CHECK,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options[] = {
    {"stdout", no_argument, NULL, OPTION_STDOUT},
    {"collector", required_argument, NULL, OPTION_COLLECTOR},
    {"token-file", required_argument, NULL, OPTION_TOKEN},
    {"ca-file", required_argument, NULL, OPTION_CA},
    {"spool", required_argument, NULL, OPTION_SPOOL},
    {"spool-limit-mb", required_argument, NULL, OPTION_LIMIT},
    {"max-overhead", required_argument, NULL, OPTION_OVERHEAD},
    {"shed", required_argument, NULL, OPTION_SHED},
    {"deep", required_argument, NULL, OPTION_DEEP},
    {"deep-out", required_argument, NULL, OPTION_DEEP_OUT},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: coldmeter-agent --stdout\n"
    "       coldmeter-agent --collector URL [--spool DIR]\n"
    "\n"
    "Measures every invocation of the serverless functions on this host with eBPF, "
    "without\n"
    "touching them. Needs root to load its probes, and keeps almost none of it "
    "afterwards.\n"
    "\n"
    "  --stdout              print one JSON object per invocation; needs no collector\n"
    "  --collector URL       ship batches there, such as http://127.0.0.1:7077\n"
    "  --token-file FILE     send the bearer token in FILE with each batch\n"
    "  --ca-file FILE        trust collectors whose certificate one of FILE has signed, "
    "for\n"
    "                        https:// addresses; unless told, whom this host trusts\n"
    "  --spool DIR           keep batches in DIR until the collector has them\n"
    "  --spool-limit-mb N    at most so much waits, 256 unless told; beyond, it is lost\n"
    "                        and counted\n"
    "  --max-overhead P      leave out detail, step by step, while watching costs more\n"
    "                        than P percent of this host's CPUs, 1 unless told; counts\n"
    "                        stay exact\n"
    "  --shed STEP           leave out that much from the start: 1 CPU time of all\n"
    "                        threads, 2 reading at once, 3 the records of 7 of 8 warm\n"
    "                        invocations that went well, 4 of all of these\n"
    "  --deep FUNCTION       sample the stacks of its inits, 99 times a second on each "
    "CPU\n"
    "  --deep-out FILE       write them there as folded stacks, for flame graphs\n"
    "  --config FILE         rules that name functions; see coldmeter-agent(8)\n"
    "  --backend WORD        how to see what sockets move: tracepoint (Linux 6.3 and "
    "later),\n"
    "                        fentry, or syscalls, which every process of the host pays "
    "for;\n"
    "                        auto, the first of them that works, unless told\n"
    "  --check               say what this kernel can do for the agent, and stop\n"
    "  --verbose             say more on standard error\n"
    "  --help, --version\n"
    "\n"
    "A process is a function when its environment names one when it starts, for "
    "example:\n"
    "  sudo coldmeter-agent --stdout &\n"
    "  COLDMETER_FUNCTION=hello python3 -m http.server\n";

static int wrong(const char *what, const char *value, const char *why)
{
	(void)log_error(0, "%s %s: %s", what, value, why);
	return -EINVAL;
}

static int parse_limit(const char *text, uint64_t *limit_mb)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > 1048576)
		return wrong("--spool-limit-mb", text, "must be 1 to 1048576");
	*limit_mb = n;
	return 0;
}

static int parse_overhead(const char *text, double *share)
{
	char *end;
	double percent = strtod(text, &end);

	if (*text < '0' || *text > '9' || *end || !(percent > 0) || percent > 100)
		return wrong(
		    "--max-overhead", text, "must be a percentage above 0, up to 100");
	*share = percent / 100;
	return 0;
}

static int parse_shed(const char *text, unsigned int *step)
{
	if (*text < '0' || *text > '0' + SHED_ALL || text[1])
		return wrong("--shed", text, "must be 0 to 4");
	*step = (unsigned int)(*text - '0');
	return 0;
}

static int parse_collector(const char *text, const char **collector)
{
	if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
		return wrong("--collector", text, "must start with http:// or https://");
	*collector = text;
	return 0;
}

static int parse_deep(const char *text, const char **deep)
{
	if (!text[0] || strlen(text) >= DEEP_NAME_BYTES)
		return wrong("--deep", text, "must be a name of 1 to 63 bytes");
	*deep = text;
	return 0;
}

static int parse_backend(const char *text, enum backend *backend)
{
	if (backend_parse(text, backend) == 0)
		return 0;
	return wrong("--backend", text, "must be auto, tracepoint, fentry or syscalls");
}

static int take(int option, struct settings *s)
{
	switch (option) {
	case OPTION_STDOUT:
		s->to_stdout = true;
		return 0;
	case OPTION_COLLECTOR:
		return parse_collector(optarg, &s->collector);
	case OPTION_TOKEN:
		s->token_file = optarg;
		return 0;
	case OPTION_CA:
		s->ca_file = optarg;
		return 0;
	case OPTION_SPOOL:
		s->spool = optarg;
		return 0;
	case OPTION_LIMIT:
		return parse_limit(optarg, &s->spool_limit_mb);
	case OPTION_OVERHEAD:
		return parse_overhead(optarg, &s->max_overhead);
	case OPTION_SHED:
		return parse_shed(optarg, &s->shed);
	case OPTION_DEEP:
		return parse_deep(optarg, &s->deep);
	case OPTION_DEEP_OUT:
		s->deep_out = optarg;
		return 0;
	case OPTION_CONFIG:
		s->config = optarg;
		return 0;
	case OPTION_BACKEND:
		return parse_backend(optarg, &s->backend);
	case OPTION_CHECK:
		s->check = true;
		return 0;
	case OPTION_VERBOSE:
		s->verbose = true;
		return 0;
	case OPTION_HELP:
		(void)fputs(help, stdout);
		return 1;
	case OPTION_VERSION:
		(void)puts("coldmeter-agent " COLDMETER_VERSION);
		return 1;
	default: /* getopt has said what is wrong */
		return -EINVAL;
	}
}

int settings_parse(int argc, char **argv, struct settings *settings)
{
	struct settings s = {
	    .spool_limit_mb = 256, .backend = BACKEND_AUTO, .max_overhead = 0.01};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int err = take(option, &s);

		if (err)
			return err;
	}
	if (optind < argc)
		return wrong("argument", argv[optind], "none is expected; try --help");
	if (!s.check && !s.to_stdout && !s.collector)
		return wrong("say where to", "--stdout or --collector URL", "try --help");
	if (!s.deep != !s.deep_out)
		return wrong("--deep and --deep-out", "", "go together; try --help");
	*settings = s;
	return 0;
}
