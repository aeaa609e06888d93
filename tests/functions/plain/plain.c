/* A process that is no function: what a system call costs it, in nanoseconds.
 *
 * plain [MILLIONS]: prints "getppid NS" and "file NS", the medians over rounds of one
 * read and one write of 512 bytes of a file, and of getppid. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 21

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double getppid_ns(long calls)
{
	int64_t start = now_ns();

	for (long i = 0; i < calls; i++)
		(void)syscall(SYS_getppid);
	return (double)(now_ns() - start) / (double)calls;
}

static double file_ns(int fd, long calls)
{
	char block[512] = {0};
	int64_t start = now_ns();

	for (long i = 0; i < calls; i++) {
		if (pwrite(fd, block, sizeof(block), 0) < 0 ||
		    pread(fd, block, sizeof(block), 0) < 0)
			abort();
	}
	return (double)(now_ns() - start) / (double)calls / 2;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	double millions = argc > 1 ? strtod(argv[1], NULL) : 1;
	long calls = (long)(millions * 1e6) / ROUNDS;
	char path[] = "/tmp/plain.XXXXXX";
	double getppids[ROUNDS];
	double files[ROUNDS];
	int fd = mkstemp(path);

	if (fd < 0 || calls < 1)
		return 1;
	(void)unlink(path);
	for (int i = 0; i < ROUNDS; i++) {
		getppids[i] = getppid_ns(calls);
		files[i] = file_ns(fd, calls / 4 + 1);
	}
	qsort(getppids, ROUNDS, sizeof(double), compare);
	qsort(files, ROUNDS, sizeof(double), compare);
	(void)printf(
	    "getppid %.2f\nfile %.2f\n", getppids[ROUNDS / 2], files[ROUNDS / 2]);
	return 0;
}
