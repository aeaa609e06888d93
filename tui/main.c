/* The user's window: a dashboard, or one command. */
#include <curl/curl.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "tui/commands/command.h"
#include "tui/dashboard.h"

struct settings {
	const char *url;
	const char *token_file;
	const char *ca_file;
	bool no_colour;
	bool version;
};

static const struct option_row rows[] = {
    {"url", "URL", "the collector (COLDMETER_URL; " CLIENT_DEFAULT_URL ")", OPTION_TEXT,
	offsetof(struct settings, url)},
    {"token-file", "FILE", "a file that holds its bearer token", OPTION_TEXT,
	offsetof(struct settings, token_file)},
    {"ca-file", "FILE",
	"trust whom its certificates signed, for https:// (COLDMETER_CA_FILE)",
	OPTION_TEXT, offsetof(struct settings, ca_file)},
    {"no-color", NULL, "no colours (as NO_COLOR)", OPTION_FLAG,
	offsetof(struct settings, no_colour)},
    {"version", NULL, "the version", OPTION_FLAG, offsetof(struct settings, version)},
};
static const struct option_set set = {
    "coldmeter", rows, sizeof(rows) / sizeof(rows[0]), true};

/* Where a word of argv that is one of our own options has its value: 0 in itself, 1 in
 * the next word; -1: it is none of them. */
static int own_option(const char *word)
{
	for (size_t i = 0; i < set.rows_n; i++) {
		size_t n = strlen(rows[i].name);

		if (strncmp(word, "--", 2) != 0 ||
		    strncmp(word + 2, rows[i].name, n) != 0)
			continue;
		if (word[n + 2] == '=')
			return 0;
		if (word[n + 2] == '\0')
			return rows[i].argument != NULL;
	}
	return -1;
}

/* Moves our own options in front of the command, wherever they were given. */
static void own_options_first(int argc, char **argv)
{
	int front = 1;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		int more = own_option(argv[i]);

		if (more < 0 || i + more >= argc)
			continue;
		for (int last = i + more; i <= last && i < argc; i++) {
			char *word = argv[i];

			memmove(&argv[front + 1], &argv[front],
			    (size_t)(i - front) * sizeof(argv[0]));
			argv[front++] = word;
		}
		i--;
	}
}

static void print_help(void)
{
	puts("usage: coldmeter [--url URL]                     the dashboard\n"
	     "       coldmeter [--url URL] COMMAND [options]   one answer, for people or "
	     "scripts\n\n"
	     "Measures serverless functions on this host with eBPF: cold starts, P95, "
	     "memory, and\nwhat the clouds would bill for them.");
	command_print_all(stdout);
	options_print(set.rows, set.rows_n, stdout);
	puts("\nExamples:\n"
	     "  sudo coldmeter run                              measure this host and "
	     "watch\n"
	     "  coldmeter functions --since 1h --sort cost      the dearest functions\n"
	     "\n`coldmeter COMMAND --help` tells about one command; each takes --json. "
	     "Exit "
	     "status:\n0 done, 1 failed, 2 wrong usage.");
}

static const char *or_environment(const char *value, const char *name)
{
	const char *found = value ? value : getenv(name);

	return found && *found ? found : NULL;
}

static int run(const struct endpoint *endpoint, int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;
	struct dashboard_options options = {.endpoint = endpoint, .notices_fd = -1};
	char name[64];

	if (argc < 2)
		return dashboard_run(&options);
	if (command)
		return command_run_one(command, endpoint, argc - 1, argv + 1);
	(void)text_copy(name, sizeof(name), argv[1]);
	text_make_printable(name);
	(void)fprintf(
	    stderr, "coldmeter: no command is called %s (see coldmeter --help)\n", name);
	return COMMAND_WRONG_USAGE;
}

int main(int argc, char **argv)
{
	struct settings settings = {0};
	struct endpoint_files files;
	struct endpoint endpoint;
	char why[CLIENT_WHY_BYTES];
	int status;
	int n;

	(void)setlocale(LC_CTYPE, "");
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("coldmeter", LOG_LEVEL_INFO);
	own_options_first(argc, argv);
	n = options_parse(&set, argc, argv, &settings);
	if (n == -ECANCELED) {
		print_help();
		return COMMAND_DONE;
	}
	if (n < 0)
		return COMMAND_WRONG_USAGE;
	if (settings.version) {
		puts("coldmeter " COLDMETER_VERSION);
		return COMMAND_DONE;
	}
	if (settings.no_colour)
		(void)setenv("NO_COLOR", "1", 1);
	settings.url = or_environment(settings.url, "COLDMETER_URL");
	files.token = or_environment(settings.token_file, "COLDMETER_TOKEN_FILE");
	files.ca = or_environment(settings.ca_file, "COLDMETER_CA_FILE");
	if (endpoint_init(&endpoint, settings.url ? settings.url : CLIENT_DEFAULT_URL,
		&files, why, sizeof(why)) < 0) {
		(void)fprintf(stderr, "coldmeter: %s\n", why);
		return COMMAND_WRONG_USAGE;
	}
	/* TLS costs memory and time that a collector next door has no use for */
	(void)curl_global_init(strncmp(endpoint.url, "https:", 6) == 0
				   ? CURL_GLOBAL_DEFAULT
				   : CURL_GLOBAL_NOTHING);
	status = run(&endpoint, n + 1, argv);
	curl_global_cleanup();
	return status;
}
