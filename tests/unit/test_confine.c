/* What a confined process can still do, and what ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"

#define NOT_HERE 77

/* In a confined child: its exit status, or 1000 and the signal that ended it. */
static int confined(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int err = confine_to_serving();

		_exit(err == -EOPNOTSUPP ? NOT_HERE : err ? 76 : what());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
		skip();
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void *add_one(void *number)
{
	++*(int *)number;
	return NULL;
}

/* 0, or the line of what cannot be done any more. */
static int serve(void)
{
	char path[] = "/tmp/coldmeter-confine-XXXXXX";
	int number = 0;
	int pair[2];
	pthread_t thread;
	int fd;

	for (int i = 0; i < 3; i++) {
		if (pthread_create(&thread, NULL, add_one, &number) != 0 ||
		    pthread_join(thread, NULL) != 0 || number != i + 1)
			return __LINE__;
	}
	fd = mkstemp(path);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0 || unlink(path) < 0)
		return __LINE__;
	if (socket(AF_INET, SOCK_STREAM, 0) < 0 || socket(AF_INET6, SOCK_DGRAM, 0) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return __LINE__;
	if (ioctl(pair[0], FIONBIO, &number) < 0)
		return __LINE__;
	return 0;
}

static int refuse(void)
{
	if (fork() >= 0 || errno != EPERM)
		return __LINE__;
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EPERM)
		return __LINE__;
	if (ioctl(0, TIOCSTI, "x") == 0 || errno != EPERM)
		return __LINE__;
	if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS)
		return __LINE__;
	if (syscall(SYS_personality, 0xffffffff) >= 0 || errno != ENOSYS)
		return __LINE__;
	return 0;
}

static int run_a_program(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int trace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int become_somebody(void)
{
	return setuid(getuid());
}

static void test_confine_leaves_what_a_server_does(void **state)
{
	(void)state;
	assert_int_equal(confined(serve), 0);
}

static void test_confine_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	assert_int_equal(confined(refuse), 0);
}

static void test_confine_ends_who_does_what_nobody_here_does(void **state)
{
	(void)state;
	assert_int_equal(confined(run_a_program), 1000 + SIGSYS);
	assert_int_equal(confined(trace), 1000 + SIGSYS);
	assert_int_equal(confined(become_somebody), 1000 + SIGSYS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_confine_leaves_what_a_server_does),
	    cmocka_unit_test(test_confine_refuses_what_it_does_not_know),
	    cmocka_unit_test(test_confine_ends_who_does_what_nobody_here_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
