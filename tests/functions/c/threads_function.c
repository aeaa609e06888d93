/* A function whose work another thread does: threads_function ADDRESS LOG. Each request,
 * one a connection, is answered after that thread had 30 ms of CPU time, and what the
 * process had meanwhile is written down, in ms. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "tests/functions/address.h"

#define WORK_NS 30000000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_asked;

static long long cpu_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void wait_until(bool asked)
{
	while (is_asked != asked)
		(void)pthread_cond_wait(&changed, &mutex);
}

static void *work(void *unused)
{
	(void)pthread_mutex_lock(&mutex);
	for (;;) {
		long long begun;

		wait_until(true);
		begun = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
		while (cpu_ns(CLOCK_THREAD_CPUTIME_ID) - begun < WORK_NS)
			;
		is_asked = false;
		(void)pthread_cond_signal(&changed);
	}
	return unused;
}

static void answer(int fd, FILE *log)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	char request[4096];
	long long begun;

	if (read(fd, request, sizeof(request)) <= 0)
		return;
	begun = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	(void)pthread_mutex_lock(&mutex);
	is_asked = true;
	(void)pthread_cond_signal(&changed);
	wait_until(false);
	(void)pthread_mutex_unlock(&mutex);
	if (write(fd, text, sizeof(text) - 1) != sizeof(text) - 1)
		return;
	(void)fprintf(
	    log, "%.3f\n", (double)(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - begun) / 1e6);
	(void)fflush(log);
}

int main(int argc, char **argv)
{
	FILE *log = argc == 3 ? fopen(argv[2], "we") : NULL;
	int listener = log ? address_bind(argv[1], SOCK_CLOEXEC) : -1;
	pthread_t thread;
	int fd;

	if (listener < 0 || listen(listener, 16) < 0 ||
	    pthread_create(&thread, NULL, work, NULL) != 0) {
		(void)fprintf(stderr, "usage: threads_function ADDRESS LOG\n");
		return 2;
	}
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		answer(fd, log);
		(void)close(fd);
	}
	return 1;
}
