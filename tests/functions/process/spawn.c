/* A process for each request, and what the one who starts it sees of it:
 * spawn FUNCTION LOG PROGRAM MS... runs PROGRAM MS FILE (see one_shot.c) for each MS, one
 * after the other. To the line that each leaves it adds the moments around: before the
 * process was made (spawned_ns) and when it had been waited for (reaped_ns). */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool run(const char *program, const char *ms, const char *file)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execl(program, program, ms, file, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool spawn(const char *program, const char *ms, const char *log)
{
	char own[4096], line[256] = "";
	int64_t spawned_ns;
	int64_t reaped_ns;
	bool done;
	FILE *file;

	(void)snprintf(own, sizeof(own), "%s.one", log);
	spawned_ns = wall_ns();
	done = run(program, ms, own);
	reaped_ns = wall_ns();
	file = fopen(own, "re");
	done = done && file && fgets(line, sizeof(line), file) && strchr(line, '}');
	if (file)
		(void)fclose(file);
	(void)unlink(own);
	file = done ? fopen(log, "ae") : NULL;
	if (!file)
		return false;
	*strchr(line, '}') = '\0';
	(void)fprintf(file, "%s,\"spawned_ns\":%" PRId64 ",\"reaped_ns\":%" PRId64 "}\n",
	    line, spawned_ns, reaped_ns);
	return fclose(file) == 0;
}

int main(int argc, char **argv)
{
	if (argc < 5 || setenv("COLDMETER_FUNCTION", argv[1], 1) < 0)
		return 2;
	for (int i = 4; i < argc; i++) {
		if (!spawn(argv[3], argv[i], argv[2])) {
			(void)fprintf(stderr, "spawn: %s does not run\n", argv[3]);
			return 1;
		}
	}
	return 0;
}
