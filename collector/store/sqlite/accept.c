#include "store/sqlite/accept.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/batches.h"
#include "store/sqlite/imported.h"
#include "store/sqlite/write.h"

/* So many rows of minutes that changed are committed at once: what waits is bounded, in
 * memory and in the time that a commit takes, some 4 us a row. */
#define SETTLE_ROWS 4096

/* What was counted and not committed is forgotten, but for what raw files hold. */
static void give_up(struct sqlite *store)
{
	connection_rollback(store->writer);
	dictionary_drop(store->functions);
	minutes_drop(store->minutes);
	store->open = false;
}

static int begin(struct sqlite *store)
{
	int err = connection_begin(store->writer);

	store->open = err == 0;
	return err;
}

static int commit(struct sqlite *store)
{
	int err = dictionary_flush(store->functions, store->writer);

	if (!err)
		err = minutes_flush(store->minutes, store->writer);
	if (!err)
		err = raw_mark(store->raw, store->writer);
	if (!err)
		err = connection_commit(store->writer);
	if (err) {
		give_up(store);
		return err;
	}
	dictionary_settle(store->functions);
	minutes_settle(store->minutes);
	raw_settle(store->raw);
	store->open = false;
	store->unsettled = false;
	return 0;
}

/* --- what raw holds and main.db does not ---------------------------------------------
 */

/* The bytes of a batch that the collector made lack the ledger, which it adds up as it
 * stores them (serve/ingest.c). */
static int fill_ledger(struct connection *c, struct batch *batch)
{
	struct batch_ledger *ledger = &batch->head.ledger;
	int err;

	if (batch->head.sent_ns == 0 || ledger->seen > 0)
		return 0;
	err = batches_find_ledger(c, &batch->head.id, ledger);
	ledger->seen += batch->invocations_n;
	ledger->delivered += batch->invocations_n;
	return err;
}

static int count_again(void *context, const void *bytes, size_t n)
{
	struct sqlite *store = context;
	struct store_batch again = {0};
	struct batch *batch;
	int err = batch_decode(bytes, n, &batch, NULL);

	if (err == -EBADMSG || err == -EPROTONOSUPPORT) {
		log_warn("a batch in the raw files in %s is damaged: it is not counted",
		    store->directory);
		return 0;
	}
	if (err)
		return err;
	for (size_t i = 0; i < batch->invocations_n; i++)
		invocation_mark_ping(&batch->invocations[i]);
	again.batch = batch;
	if (batch_is_imported(&batch->head.id))
		again.imported = batch;
	err = fill_ledger(store->writer, batch);
	if (!err)
		err = write_batch(store, &again, clock_wall_ns());
	batch_free(batch);
	return err ? err : minutes_changed(store->minutes) >= SETTLE_ROWS;
}

/* Of the file that is open, in as many transactions as it takes, as far as it can be
 * read. */
static int recount(struct sqlite *store)
{
	int more = 1;

	store->unsettled = true;
	while (more == 1) {
		int err = begin(store);

		more = err ? err : raw_replay(store->raw, count_again, store);
		if (more < 0 && !raw_is_damaged(store->raw)) {
			give_up(store);
			return more;
		}
		err = commit(store);
		if (!err && more < 0)
			err = more = raw_heal(store->raw);
		if (err < 0)
			return err;
		store->unsettled = more != 0;
	}
	return 0;
}

int accept_settle(struct sqlite *store)
{
	if (!store->unsettled)
		return 0;
	return store->open ? commit(store) : recount(store);
}

int accept_recover(struct sqlite *store)
{
	int more;
	int err = 0;

	while ((more = raw_open_behind(store->raw)) == 1 && !err)
		err = recount(store);
	if (err != -ENOSPC && err != -EROFS)
		return err ? err : more;
	log_warn("cannot count yet what was accepted last in %s: %s", store->directory,
	    strerror(-err));
	return 0; /* others may make room; nothing is accepted before */
}

int sqlite_settle(struct sqlite *store)
{
	int err;

	if (!store->unsettled)
		return 0;
	gate_enter(&store->gate);
	err = accept_settle(store);
	gate_leave(&store->gate);
	return err;
}

/* --- a group of batches ----------------------------------------------------------------
 */

static bool has_raw(const struct store_batch *batch)
{
	return batch->is_new && batch->raw && batch->batch->invocations_n > 0;
}

/* The bytes of an imported batch hold what is left out of it, too. */
static int add_raw(struct sqlite *store, const struct store_batch *batch)
{
	struct store_batch thinned = *batch;
	AUTO(free) uint8_t *raw = NULL;
	int err;

	if (batch->known_n == 0)
		return raw_add(store->raw, batch);
	err = imported_encode(batch->batch, &raw, &thinned.raw_bytes);
	thinned.raw = raw;
	return err ? err : raw_add(store->raw, &thinned);
}

static int write_raw(
    struct sqlite *store, const struct store_batch *batches, size_t n, int64_t now_ns)
{
	size_t i = 0;
	int err;

	while (i < n && !has_raw(&batches[i]))
		i++;
	if (i == n)
		return 0; /* heartbeats alone make no file */
	err = raw_begin(store->raw, now_ns);
	for (; !err && i < n; i++) {
		if (has_raw(&batches[i]))
			err = add_raw(store, &batches[i]);
	}
	return err ? err : raw_commit(store->raw);
}

static int write_group(
    struct sqlite *store, struct store_batch *batches, size_t n, int64_t now_ns)
{
	int err = store->open ? 0 : begin(store);

	for (size_t i = 0; !err && i < n; i++)
		err = write_batch(store, &batches[i], now_ns);
	return err ? err : write_raw(store, batches, n, now_ns);
}

/* Nothing of the group is kept; what was accepted before it is. */
static void undo_group(struct sqlite *store, struct store_batch *batches, size_t n)
{
	for (size_t i = 0; i < n; i++)
		imported_restore(&batches[i]);
	give_up(store);
	raw_drop(store->raw);
}

/* A heartbeat that says the same as the last one. */
static bool says_nothing(struct sqlite *store, const struct batch *batch)
{
	const struct batch_ledger *told = &batch->head.ledger;
	struct batch_ledger known = {0};

	return batch->losses_n == 0 &&
	       batches_find_ledger(store->writer, &batch->head.id, &known) == 0 &&
	       memcmp(&known, told, sizeof(known)) == 0;
}

/* Whether all that matters of it is in its raw bytes. */
static bool is_in_raw(struct sqlite *store, const struct store_batch *batch)
{
	if (batch->batch->invocations_n == 0)
		return says_nothing(store, batch->batch);
	return batch->raw && !batch->imported;
}

/* Whether raw bytes alone make a group durable. main.db must know the file. */
static bool can_wait(
    struct sqlite *store, const struct store_batch *batches, size_t n, int64_t now_ns)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_in_raw(store, &batches[i]))
			return false;
	}
	return raw_is_known(store->raw, now_ns);
}

/* Behind what is settled: both files are committed, or neither. */
static int write_at_once(
    struct sqlite *store, struct store_batch *batches, size_t n, int64_t now_ns)
{
	int err = accept_settle(store);

	if (err)
		return err;
	err = write_group(store, batches, n, now_ns);
	if (!err)
		err = commit(store);
	if (!err)
		return 0;
	undo_group(store, batches, n);
	raw_cut_off(store->raw);
	return err;
}

static int accept(
    struct sqlite *store, struct store_batch *batches, size_t n, int64_t now_ns)
{
	int err = store->unsettled && !store->open ? accept_settle(store) : 0;

	if (err)
		return err;
	err = write_group(store, batches, n, now_ns);
	if (err) {
		undo_group(store, batches, n);
		return err;
	}
	store->unsettled = true;
	if (minutes_changed(store->minutes) >= SETTLE_ROWS)
		(void)accept_settle(store); /* durable, whatever becomes of it */
	return 0;
}

int sqlite_accept(struct sqlite *store, struct store_batch *batches, size_t n)
{
	int64_t now_ns = clock_wall_ns();
	int err;

	gate_enter(&store->gate);
	err = can_wait(store, batches, n, now_ns)
		  ? accept(store, batches, n, now_ns)
		  : write_at_once(store, batches, n, now_ns);
	gate_leave(&store->gate);
	return err;
}

int sqlite_write(struct sqlite *store, struct store_batch *batches, size_t n)
{
	int err;

	gate_enter(&store->gate);
	err = write_at_once(store, batches, n, clock_wall_ns());
	gate_leave(&store->gate);
	return err;
}
