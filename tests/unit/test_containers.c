/* Names of containers as their runtimes keep them, and kernels of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/names.h"
#include "agent/names/containers.h"
#include "agent/names/foreign.h"
#include "agent/sandboxes/memory_limit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DOCKER "/var/lib/docker/containers/" ID "/config.v2.json"
#define CONTAINERD                                                                       \
	"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json"
#define CRIO "/var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json"
#define PODMAN "/var/lib/containers/storage/overlay-containers/containers.json"

static int set_up(void **state)
{
	char *root = strdup("/tmp/test_containers.XXXXXX");

	*state = root;
	return root && mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	free(*state);
	return system(command); /* NOLINT(cert-env33-c): a folder that we made */
}

/* Writes a file below root, with the folders above it. */
static void put(const char *root, const char *path, const char *text, size_t times)
{
	char whole[512];
	FILE *f;

	(void)snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(whole, 0700);
		*at = '/';
	}
	f = fopen(whole, "we");
	assert_non_null(f);
	while (times--)
		assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void is_named(const char *root, const char *name)
{
	char found[CONTAINERS_NAME_BYTES] = "";

	assert_int_equal(containers_name(root, ID, found), name != NULL);
	assert_string_equal(found, name ? name : "");
}

static void test_containers_each_runtime_has_its_own_place(void **state)
{
	const char *root = *state;

	is_named(root, NULL);
	put(root, PODMAN,
	    "[{\"id\":\"x\",\"names\":[\"y\"]},{\"id\":\"" ID
	    "\",\"names\":[\"pod-web\"]}]",
	    1);
	is_named(root, "pod-web");
	put(root, DOCKER, "{\"ID\":\"" ID "\",\"Name\":\"/web\"}", 1);
	is_named(root, "web");
	put(root, CRIO,
	    "{\"annotations\":{\"io.kubernetes.container.name\":\"app\","
	    "\"io.kubernetes.pod.name\":\"shop-7\"}}",
	    1);
	is_named(root, "shop-7/app");
	put(root, CONTAINERD,
	    "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"app\","
	    "\"io.kubernetes.cri.sandbox-name\":\"shop-8\"}}",
	    1);
	is_named(root, "shop-8/app");
}

static void test_containers_what_is_wrong_names_nothing(void **state)
{
	static const char *const wrong[] = {"", "{", "[]", "7", "{\"Name\":7}",
	    "{\"Name\":\"\"}", "{\"Name\":\"/\"}", "{\"Name\":\"\\ud800\"}"};
	const char *root = *state;
	char name[CONTAINERS_NAME_BYTES];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put(root, DOCKER, wrong[i], 1);
		is_named(root, NULL);
	}
	put(root, DOCKER, "{\"Name\":\"/web\"}          ", 200000); /* above 4 MiB */
	is_named(root, NULL);
	put(root, DOCKER, "{\"Name\":\"/a\\u001b[2J\"}", 1);
	is_named(root, "a?[2J");
	assert_false(containers_name(root, "../" ID, name));
	assert_false(containers_name(root, "12-34", name));
	assert_false(containers_name(root, "", name));
}

static void test_foreign_by_name_and_arguments(void **state)
{
	static const char runsc[] = "runsc-sandbox\0--root=/run/runsc\0boot";
	static const char kata[] = "/opt/kata/bin/qemu-system-x86_64\0-name\0sandbox-1";
	static const char qemu[] = "qemu-system-x86_64\0-m\0001024";

	(void)state;
	assert_int_equal(foreign_of("exe", runsc, sizeof(runsc)), FOREIGN_GVISOR);
	assert_int_equal(foreign_of("qemu-system-x86", kata, sizeof(kata)), FOREIGN_KATA);
	assert_int_equal(foreign_of("qemu-system-x86", qemu, sizeof(qemu)), FOREIGN_QEMU);
	assert_int_equal(foreign_of("firecracker", "x", 2), FOREIGN_FIRECRACKER);
	assert_int_equal(foreign_of("cloud-hyperviso", "x", 2), FOREIGN_CLOUD_HYPERVISOR);
	assert_int_equal(foreign_of("exe", "runc\0init", 10), FOREIGN_NONE);
	assert_int_equal(
	    foreign_of("python3", "python3\0qemu-system.py", 22), FOREIGN_NONE);
	assert_int_equal(foreign_of("", "", 0), FOREIGN_NONE);
}

static void test_containers_may_have_so_much_memory(void **state)
{
	static const char v1[] = "9:name=systemd:/a/libpod-" ID "\n"
				 "4:cpu,memory:/a/libpod-" ID "/container\n0::/\n";
	static const char v2[] = "0::/kubepods.slice/cri-containerd-" ID ".scope\n";
	static const char file[] =
	    "/sys/fs/cgroup/memory/a/libpod-" ID "/memory.limit_in_bytes";
	const char *root = *state;

	assert_int_equal(memory_limit_read(root, v1, ID), 0);
	put(root, file, "268435456\n", 1);
	put(root, "/sys/fs/cgroup/kubepods.slice/cri-containerd-" ID ".scope/memory.max",
	    "134217728\n", 1);
	assert_int_equal(memory_limit_read(root, v1, ID), 256 << 20);
	assert_int_equal(memory_limit_read(root, v2, ID), 128 << 20);
	put(root, file, "9223372036854771712\n", 1); /* none */
	put(root, "/sys/fs/cgroup/kubepods.slice/cri-containerd-" ID ".scope/memory.max",
	    "max\n", 1);
	assert_int_equal(memory_limit_read(root, v1, ID), 0);
	assert_int_equal(memory_limit_read(root, v2, ID), 0);
	put(root, file, "268435456\n", 1);
	assert_int_equal(memory_limit_read(root, "4:memory:/a/b\n", ID), 0);
	assert_int_equal(memory_limit_read(root, "4:hugememory:/a/libpod-" ID, ID), 0);
	assert_int_equal(memory_limit_read(root, "", ID), 0);
	assert_int_equal(memory_limit_read(root, "4:memory", ID), 0);
	assert_int_equal(memory_limit_read(root, ID ":\n::\n", ID), 0);
}

static void test_containers_limit_is_the_functions_unless_that_was_told(void **state)
{
	struct record_exec exec = {.memory_limit_bytes = 300 << 20};
	struct function function;

	(void)state;
	names_function(&exec, &function);
	assert_int_equal(function.memory_limit_mb, 300);
	exec.present = 1U << VARIABLE_LAMBDA_MEMORY;
	memcpy(exec.value[VARIABLE_LAMBDA_MEMORY], "256", 4);
	names_function(&exec, &function);
	assert_int_equal(function.memory_limit_mb, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_containers_each_runtime_has_its_own_place, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_containers_what_is_wrong_names_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_containers_may_have_so_much_memory, set_up, tear_down),
	    cmocka_unit_test(test_containers_limit_is_the_functions_unless_that_was_told),
	    cmocka_unit_test(test_foreign_by_name_and_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
