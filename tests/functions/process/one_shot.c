/* A process for each request: one_shot MS LOG waits and writes down when it began and
 * when it was about to end, as it sees it itself. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv)
{
	int64_t began_ns = wall_ns();
	char line[128];
	long ms;
	int log;
	int n;

	if (argc != 3)
		return 2;
	log = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	ms = strtol(argv[1], NULL, 10);
	(void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
	n = snprintf(line, sizeof(line),
	    "{\"began_ns\":%" PRId64 ",\"ended_ns\":%" PRId64 "}\n", began_ns, wall_ns());
	/* at once: what a sanitizer does at an exit is not the function's */
	_exit(log < 0 || write(log, line, (size_t)n) != n);
}
