/* A byte for how many minutes there are, then an hour of them; what is read is written to
 * what reads the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/rollup_hour.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static struct hour_tables *tables;
static struct rollup_hour *reader;
static struct rollup_hour *writer;

static void begin(void)
{
	if (!tables &&
	    (hour_tables_new(&tables) < 0 || rollup_hour_new(tables, &reader) < 0 ||
		rollup_hour_new(tables, &writer) < 0))
		abort();
}

static void check_same(const struct rollup *a, const struct rollup *b)
{
	uint8_t *bytes[4];
	size_t n[4];

	if (rollup_encode_counters(a, &bytes[0], &n[0]) < 0 ||
	    rollup_encode_counters(b, &bytes[1], &n[1]) < 0 ||
	    rollup_encode_histograms(a, &bytes[2], &n[2]) < 0 ||
	    rollup_encode_histograms(b, &bytes[3], &n[3]) < 0)
		abort();
	if (n[0] != n[1] || n[2] != n[3] || memcmp(bytes[0], bytes[1], n[0]) != 0 ||
	    memcmp(bytes[2], bytes[3], n[2]) != 0)
		abort();
	for (size_t i = 0; i < 4; i++)
		free(bytes[i]);
}

static void check_again(const struct rollup *minutes, size_t n)
{
	const struct rollup *at[ROLLUP_HOUR_MINUTES];
	struct rollup back = {0};
	uint8_t *bytes;
	size_t room;
	ssize_t packed;

	for (size_t i = 0; i < n; i++)
		at[i] = &minutes[i];
	room = rollup_hour_packed_max(at, n);
	bytes = malloc(room);
	packed = bytes ? rollup_hour_pack(writer, at, n, bytes, room) : -1;
	if (packed < 0 || rollup_hour_open(writer, bytes, (size_t)packed, n) < 0)
		abort();
	for (size_t i = 0; i < n; i++) {
		rollup_clear(&back);
		if (rollup_hour_add(writer, i, &back) < 0)
			abort();
		check_same(&minutes[i], &back);
	}
	rollup_done(&back);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct rollup minutes[ROLLUP_HOUR_MINUTES] = {0};
	struct rollup counters = {0};
	size_t n = size ? 1 + in[0] % ROLLUP_HOUR_MINUTES : 0;
	bool ok;

	begin();
	if (n == 0)
		return 0;
	ok = rollup_hour_open(reader, in + 1, size - 1, n) == 0;
	for (size_t i = 0; ok && i < n; i++) {
		ok = rollup_hour_add(reader, i, &minutes[i]) == 0;
		rollup_clear(&counters);
		if (ok != (rollup_hour_count(reader, i, &counters) == 0))
			abort();
	}
	if (ok)
		check_again(minutes, n);
	for (size_t i = 0; i < n; i++)
		rollup_done(&minutes[i]);
	rollup_done(&counters);
	return 0;
}
