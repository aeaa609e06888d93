/* The files in which runtimes of containers keep names: the first byte tells whose, the
 * others are what it holds. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/names/containers.h"
#include "tests/fuzz/checks.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PLACES 4

static const char *const places[PLACES] = {
    "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
    "/var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json",
    "/var/lib/docker/containers/" ID "/config.v2.json",
    "/var/lib/containers/storage/overlay-containers/containers.json"};

static char root[] = "/tmp/coldmeter-fuzz-XXXXXX";

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void path_of(size_t place, char path[256])
{
	(void)snprintf(path, 256, "%s%s", root, places[place]);
}

/* The folders above a place, which are made or, from the innermost on, removed. */
static void each_folder(size_t place, bool make)
{
	char path[256];
	char *end;

	path_of(place, path);
	if (make)
		for (end = path + strlen(root); (end = strchr(end + 1, '/'));) {
			*end = '\0';
			(void)mkdir(path, 0700);
			*end = '/';
		}
	else
		while ((end = strrchr(path, '/')) && end > path + 4) {
			*end = '\0';
			(void)rmdir(path);
		}
}

static void remove_all(void)
{
	char path[256];

	for (size_t place = 0; place < PLACES; place++) {
		path_of(place, path);
		(void)unlink(path);
	}
	for (size_t place = 0; place < PLACES; place++)
		each_folder(place, false);
}

static void make_folders(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	if (!mkdtemp(root) || atexit(remove_all) != 0)
		abort();
	for (size_t place = 0; place < PLACES; place++)
		each_folder(place, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	char name[CONTAINERS_NAME_BYTES] = "";
	char path[256];
	FILE *f;

	make_folders();
	if (size == 0)
		return 0;
	path_of(in[0] % PLACES, path);
	f = fopen(path, "we");
	if (!f || fwrite(in + 1, 1, size - 1, f) != size - 1 || fclose(f) != 0)
		abort();
	if (containers_name(root, ID, name) && !name[0])
		abort();
	check_text(name, sizeof(name));
	(void)unlink(path);
	return 0;
}
