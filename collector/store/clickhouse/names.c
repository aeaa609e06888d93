/* A sorted table, made anew when it is read again. */
#include "store/clickhouse/names.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/room.h"
#include "base/text.h"

struct entry {
	uint64_t fn;
	struct store_function found;
};

struct names {
	struct link *link;
	struct sqlite_spool *spool;
	pthread_mutex_t mutex;
	struct entry *entries; /* by fn */
	size_t n;
	uint64_t read_ns; /* by the boot clock; 0: never */
};

int names_new(struct link *link, struct sqlite_spool *spool, struct names **out)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	names->link = link;
	names->spool = spool;
	(void)pthread_mutex_init(&names->mutex, NULL);
	*out = names;
	return 0;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	(void)pthread_mutex_destroy(&names->mutex);
	free(names->entries);
	free(names);
}

void names_put_row(struct row_out *out, uint64_t source, uint64_t version,
    const struct store_function *function)
{
	const struct function *f = &function->function;

	row_put_u64(out, function_hash(f));
	row_put_u64(out, source);
	row_put_u64(out, version);
	row_put_text(out, platform_name(f->platform));
	row_put_text(out, f->name);
	row_put_text(out, f->version);
	row_put_text(out, invocation_kind_name(function->kind));
	row_put_text(out, arch_name(f->arch));
	row_put_text(out, f->region);
	row_put_u32(out, f->memory_limit_mb);
	row_put_i64(out, function->first_seen_ns);
	row_put_i64(out, function->last_seen_ns);
}

struct name_row {
	uint64_t fn;
	uint64_t source;
	struct store_function found;
};

static void get_row(struct row_in *in, struct name_row *row)
{
	struct function *f = &row->found.function;
	char word[32];

	*f = (struct function){0};
	row->fn = row_get_u64(in);
	row->source = row_get_u64(in);
	(void)row_get_u64(in); /* version */
	row_get_text(in, word, sizeof(word));
	f->platform = platform_find(word);
	row_get_text(in, f->name, sizeof(f->name));
	row_get_text(in, f->version, sizeof(f->version));
	row_get_text(in, word, sizeof(word));
	row->found.kind = invocation_kind_find(word);
	row_get_text(in, word, sizeof(word));
	f->arch = arch_find(word);
	row_get_text(in, f->region, sizeof(f->region));
	f->memory_limit_mb = row_get_u32(in);
	row->found.first_seen_ns = row_get_i64(in);
	row->found.last_seen_ns = row_get_i64(in);
}

/* Adds what another source knows: the later one says the set-up, as far as it knows. */
static void merge(struct store_function *into, const struct store_function *from)
{
	struct store_function later = *into;
	const struct store_function *earlier = from;

	if (from->last_seen_ns > into->last_seen_ns) {
		later = *from;
		earlier = into;
	}
	if (earlier->first_seen_ns < later.first_seen_ns)
		later.first_seen_ns = earlier->first_seen_ns;
	if (later.kind == KIND_UNKNOWN)
		later.kind = earlier->kind;
	if (later.function.arch == ARCH_UNKNOWN)
		later.function.arch = earlier->function.arch;
	if (!later.function.memory_limit_mb)
		later.function.memory_limit_mb = earlier->function.memory_limit_mb;
	if (!later.function.region[0])
		(void)text_copy(later.function.region, sizeof(later.function.region),
		    earlier->function.region);
	*into = later;
}

static struct entry *find(struct names *names, uint64_t fn)
{
	size_t low = 0;
	size_t high = names->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names->entries[middle].fn < fn)
			low = middle + 1;
		else
			high = middle;
	}
	return low < names->n && names->entries[low].fn == fn ? &names->entries[low]
							      : NULL;
}

/* Rows in order of fn and source, the newest version first. */
static int take_rows(struct names *names, struct row_in *in)
{
	size_t room = 0;
	struct name_row row;
	uint64_t source = 0;

	names->n = 0;
	free(names->entries);
	names->entries = NULL;
	while (in->at < in->end) {
		struct entry *last = names->n ? &names->entries[names->n - 1] : NULL;
		bool again;

		get_row(in, &row);
		if (in->failed)
			return -EUCLEAN;
		again = last && last->fn == row.fn;
		if (again && source == row.source)
			continue; /* an older version */
		source = row.source;
		if (again) {
			merge(&last->found, &row.found);
			continue;
		}
		if (ROOM_FOR_ONE(names->entries, names->n, room) < 0)
			return -ENOMEM;
		names->entries[names->n++] = (struct entry){row.fn, row.found};
	}
	return 0;
}

static int read_again(struct names *names)
{
	static const char sql[] =
	    "SELECT " NAMES_COLUMNS " FROM functions ORDER BY fn, source, version DESC";
	AUTO(free) uint8_t *bytes = NULL;
	struct row_in in;
	size_t n = 0;
	uint64_t began_ns = clock_boot_ns();
	int err = link_select(names->link, sql, &bytes, &n);

	if (err)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	err = take_rows(names, &in);
	names->read_ns = err ? 0 : began_ns;
	return err;
}

int names_refresh(struct names *names, uint64_t named_ns)
{
	int err = 0;

	(void)pthread_mutex_lock(&names->mutex);
	if (names->read_ns <= named_ns ||
	    clock_boot_ns() - names->read_ns > CLOCK_NS_PER_S)
		err = read_again(names);
	(void)pthread_mutex_unlock(&names->mutex);
	return err;
}

/* What this collector saw itself is newer here than on the server. */
static void add_own(struct names *names, struct store_function *found)
{
	struct store_function own;

	if (sqlite_find_function(
		sqlite_spool_ledger(names->spool), &found->function, &own) == 0)
		merge(found, &own);
}

int names_find(struct names *names, uint64_t fn, struct store_function *found)
{
	const struct entry *entry;
	int err = 0;

	(void)pthread_mutex_lock(&names->mutex);
	entry = find(names, fn);
	if (!entry) {
		err = read_again(names);
		entry = err ? NULL : find(names, fn);
	}
	if (entry)
		*found = entry->found;
	else if (!err)
		err = -EUCLEAN;
	(void)pthread_mutex_unlock(&names->mutex);
	if (!err)
		add_own(names, found);
	return err;
}

int names_find_function(
    struct names *names, const struct function *function, struct store_function *found)
{
	int err =
	    sqlite_find_function(sqlite_spool_ledger(names->spool), function, found);
	const struct entry *entry;

	(void)pthread_mutex_lock(&names->mutex);
	entry = find(names, function_hash(function));
	if (entry && err)
		*found = entry->found;
	else if (entry)
		merge(found, &entry->found);
	if (entry)
		err = 0;
	(void)pthread_mutex_unlock(&names->mutex);
	return err;
}

ssize_t names_ids_of(struct names *names, const char *name, uint64_t **ids)
{
	uint64_t *found;
	ssize_t n = 0;

	(void)pthread_mutex_lock(&names->mutex);
	found = malloc((names->n + 1) * sizeof(*found));
	for (size_t i = 0; found && i < names->n; i++) {
		if (strcmp(names->entries[i].found.function.name, name) == 0)
			found[n++] = names->entries[i].fn;
	}
	(void)pthread_mutex_unlock(&names->mutex);
	if (!found)
		return -ENOMEM;
	*ids = found;
	return n;
}

int names_scan(struct names *names, store_function_visit visit, void *context)
{
	AUTO(free) struct entry *copy = NULL;
	size_t n;
	int err = 0;

	(void)pthread_mutex_lock(&names->mutex);
	n = names->n;
	copy = malloc((n + 1) * sizeof(*copy));
	if (copy && n)
		memcpy(copy, names->entries, n * sizeof(*copy));
	(void)pthread_mutex_unlock(&names->mutex);
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; !err && i < n; i++) {
		struct store_function *found = &copy[i].found;

		add_own(names, found);
		err = visit(
		    context, &found->function, found->first_seen_ns, found->last_seen_ns);
	}
	return err;
}
