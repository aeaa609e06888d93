/* Where each runtime keeps what, as its documentation or source has it:
 *   docker      /var/lib/docker/containers/ID/config.v2.json, "Name": "/NAME"
 *   containerd  /run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json,
 * an OCI bundle; its CRI plugin annotates io.kubernetes.cri.container-name and
 *               io.kubernetes.cri.sandbox-name
 *   CRI-O       /var/lib/containers/storage/overlay-containers/ID/userdata/config.json,
 *               annotations io.kubernetes.container.name and io.kubernetes.pod.name
 *   podman      /var/lib/containers/storage/overlay-containers/containers.json, a list of
 *               {"id","names":[...]} */
#include "agent/names/containers.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define FILE_MAX_BYTES (4 << 20)
#define PATH_BYTES 512
#define ID_DIGITS 64

/* All of a file, which is a regular one, within the limit; *bytes of it. NULL: it is no
 * such file. The caller frees it. */
static char *read_file(const char *path, size_t *bytes)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	ssize_t n;
	char *text;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_size > FILE_MAX_BYTES)
		return NULL;
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		return NULL;
	*bytes = 0;
	while (*bytes < (size_t)status.st_size &&
	       (n = read(fd, text + *bytes, (size_t)status.st_size - *bytes)) > 0)
		*bytes += (size_t)n;
	return text;
}

/* The JSON file root/before/id/after, or NULL. Released with json_decref(). */
static json_t *load(
    const char *root, const char *before, const char *id, const char *after)
{
	AUTO(free) char *text = NULL;
	char path[PATH_BYTES];
	int len = snprintf(path, sizeof(path), "%s%s%s%s", root, before, id, after);
	size_t n;

	if (len < 0 || (size_t)len >= sizeof(path))
		return NULL;
	text = read_file(path, &n);
	return text ? json_loadb(text, n, 0, NULL) : NULL;
}

static bool take(const char *found, char name[CONTAINERS_NAME_BYTES])
{
	if (!found || !*found)
		return false;
	(void)text_copy(name, CONTAINERS_NAME_BYTES, found);
	text_make_printable(name);
	return true;
}

static bool docker(const char *root, const char *id, char name[CONTAINERS_NAME_BYTES])
{
	json_t *file = load(root, "/var/lib/docker/containers/", id, "/config.v2.json");
	const char *found = json_string_value(json_object_get(file, "Name"));
	bool has = take(found && *found == '/' ? found + 1 : found, name);

	json_decref(file);
	return has;
}

/* Which annotations name a container and its pod, and where the bundle is. */
static const struct {
	const char *before;
	const char *after;
	const char *container;
	const char *pod;
} bundles[] = {
    {"/run/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json",
	"io.kubernetes.cri.container-name", "io.kubernetes.cri.sandbox-name"},
    {"/var/lib/containers/storage/overlay-containers/", "/userdata/config.json",
	"io.kubernetes.container.name", "io.kubernetes.pod.name"},
};

static bool kubernetes(const char *root, const char *id, char name[CONTAINERS_NAME_BYTES])
{
	bool has = false;

	for (size_t i = 0; !has && i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		json_t *file = load(root, bundles[i].before, id, bundles[i].after);
		const json_t *all = json_object_get(file, "annotations");
		const char *container =
		    json_string_value(json_object_get(all, bundles[i].container));
		const char *pod = json_string_value(json_object_get(all, bundles[i].pod));
		char both[2 * CONTAINERS_NAME_BYTES];

		if (container && pod)
			(void)snprintf(
			    both, sizeof(both), "%.150s/%.150s", pod, container);
		has = take(container && pod ? both : container, name);
		json_decref(file);
	}
	return has;
}

static bool podman(const char *root, const char *id, char name[CONTAINERS_NAME_BYTES])
{
	json_t *list = load(root,
	    "/var/lib/containers/storage/overlay-containers/containers.json", "", "");
	bool has = false;
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		const char *its = json_string_value(json_object_get(one, "id"));

		if (!its || strcmp(its, id) != 0)
			continue;
		has = take(
		    json_string_value(json_array_get(json_object_get(one, "names"), 0)),
		    name);
		break;
	}
	json_decref(list);
	return has;
}

bool containers_name(const char *root, const char *id, char name[CONTAINERS_NAME_BYTES])
{
	if (strlen(id) != ID_DIGITS || strspn(id, "0123456789abcdef") != ID_DIGITS)
		return false;
	return kubernetes(root, id, name) || docker(root, id, name) ||
	       podman(root, id, name);
}
