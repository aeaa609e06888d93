/* The dictionary's table: read once, and what is new or has changed written. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store/sqlite/dictionary_inside.h"

static int load_row(struct dictionary *d, sqlite3_stmt *s)
{
	struct dictionary_entry entry = {
	    .function = {.platform = platform_find(statement_text(s, 1)),
		.arch = arch_find(statement_text(s, 5)),
		.memory_limit_mb = (uint32_t)sqlite3_column_int64(s, 7)},
	    .kind = invocation_kind_find(statement_text(s, 4)),
	    .first_seen_ns = sqlite3_column_int64(s, 8),
	    .last_seen_ns = sqlite3_column_int64(s, 9)};
	struct function *f = &entry.function;
	uint32_t id;
	int err;

	(void)text_copy(f->name, sizeof(f->name), statement_text(s, 2));
	(void)text_copy(f->version, sizeof(f->version), statement_text(s, 3));
	(void)text_copy(f->region, sizeof(f->region), statement_text(s, 6));
	text_make_printable(f->name); /* of a version that stored any bytes */
	text_make_printable(f->version);
	text_make_printable(f->region);
	if (sqlite3_column_int64(s, 0) != (int64_t)d->slots_n + 1)
		return -EUCLEAN; /* ids are dense */
	err = dictionary_add(d, &entry, &id);
	if (err)
		return err;
	d->stored_n = id;
	d->slots[id - 1].changed = false;
	d->slots[id - 1].stored_last_ns = entry.last_seen_ns;
	return 0;
}

int dictionary_load(struct dictionary *d, struct connection *c)
{
	static const char sql[] =
	    "SELECT id, platform, name, version, kind, arch, region,"
	    " memory_limit_mb, first_seen_ns, last_seen_ns"
	    " FROM function ORDER BY id";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	while (!err && (err = statement_step(s)) == 1)
		err = load_row(d, s);
	return err;
}

static int store_entry(
    struct connection *c, const struct dictionary_entry *entry, uint32_t id)
{
	static const char sql[] =
	    "INSERT INTO function(id, platform, name, version, kind, arch, region,"
	    " memory_limit_mb, first_seen_ns, last_seen_ns) VALUES(:id, :platform, :name,"
	    " :version, :kind, :arch, :region, :memory, :first, :last)"
	    " ON CONFLICT(id) DO UPDATE SET kind = :kind, arch = :arch, region = :region,"
	    " memory_limit_mb = :memory, first_seen_ns = :first, last_seen_ns = :last";
	const struct function *f = &entry->function;
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", id);
	statement_bind_text(s, ":platform", platform_name(f->platform));
	statement_bind_text(s, ":name", f->name);
	statement_bind_text(s, ":version", f->version);
	statement_bind_text(s, ":kind", invocation_kind_name(entry->kind));
	statement_bind_text(s, ":arch", arch_name(f->arch));
	statement_bind_text(s, ":region", f->region);
	statement_bind(s, ":memory", f->memory_limit_mb);
	statement_bind(s, ":first", entry->first_seen_ns);
	statement_bind(s, ":last", entry->last_seen_ns);
	return statement_run(s);
}

static int by_id(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Only the writer changes slots, so it reads them without the lock. Ids stay dense: what
 * a failed transaction left unstored goes with the next. */
int dictionary_flush(struct dictionary *d, struct connection *c)
{
	int err = 0;

	qsort(d->touched, d->touched_n, sizeof(*d->touched), by_id);
	for (uint32_t i = d->stored_n; !err && i < d->slots_n; i++)
		err = store_entry(c, &d->slots[i].entry, i + 1);
	for (uint32_t i = 0; !err && i < d->touched_n; i++) {
		const struct slot *slot = &d->slots[d->touched[i] - 1];

		if (slot->changed && d->touched[i] <= d->stored_n)
			err = store_entry(c, &slot->entry, d->touched[i]);
	}
	return err;
}

int dictionary_flush_last(struct dictionary *d, struct connection *c)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < d->stored_n; i++) {
		if (d->slots[i].entry.last_seen_ns != d->slots[i].stored_last_ns)
			err = store_entry(c, &d->slots[i].entry, i + 1);
	}
	return err;
}
