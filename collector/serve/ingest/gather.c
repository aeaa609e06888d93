#include "serve/ingest/gather.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "serve/ingest/spare_writer.h"

/* Odd numbers without a pattern: the golden ratio's and the square root of three's
 * fractions. A stranger who finds a collision only drops spans of his own. */
static const uint64_t multipliers[2] = {
    UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xbb67ae8584caa73b)};

static void add_mark(struct gather_host *h, const void *mark, size_t mark_bytes)
{
	for (size_t at = 0; at + sizeof(uint64_t) <= mark_bytes; at += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)mark + at, sizeof(word));
		for (size_t i = 0; i < 2; i++) {
			uint64_t mixed = (h->content[i] ^ word) * multipliers[i];

			h->content[i] = mixed ^ mixed >> 32;
		}
	}
}

static struct batch_id content_id(const struct gather_host *h)
{
	struct batch_id id = {.agent = INTAKE_SPANS, .sequence = 1};

	for (size_t i = 0; i < sizeof(id.boot); i++)
		id.boot[i] = (uint8_t)(h->content[i / 8] >> (8 * (i % 8)));
	return id;
}

static int seal(struct gather *gather, struct gather_host *h)
{
	struct batch_head head = {0};
	struct batch *batch;
	uint8_t *sealed;
	size_t sealed_bytes;
	int err;

	if (!h->writer || batch_writer_count(h->writer) == 0)
		return 0;
	head.id = gather->ids ? gather->ids->next : content_id(h);
	head.sent_ns = gather->ids ? gather->ids->sent_ns : 0;
	(void)text_copy(head.host, sizeof(head.host), h->host);
	err = batch_writer_seal_kept(h->writer, &head, &sealed, &sealed_bytes, &batch);
	if (err)
		return err;
	if (gather->ids)
		gather->ids->next.sequence++;
	memset(h->content, 0, sizeof(h->content));
	return intake_append(gather->in, batch, sealed, sealed_bytes, sealed);
}

static int find_host(struct gather *gather, const char *host, struct gather_host **out)
{
	struct gather_host *h;
	int err;

	for (size_t i = 0; i < gather->hosts_n; i++) {
		if (strcmp(gather->hosts[i].host, host) == 0) {
			*out = &gather->hosts[i];
			return 0;
		}
	}
	h = &gather->hosts[gather->hosts_n < GATHER_HOSTS_MAX ? gather->hosts_n
							      : gather->next_out];
	if (gather->hosts_n < GATHER_HOSTS_MAX)
		gather->hosts_n++;
	else
		gather->next_out = (gather->next_out + 1) % GATHER_HOSTS_MAX;
	err = h->writer ? seal(gather, h) : spare_writer_take(&h->writer);
	if (err)
		return err;
	(void)text_copy(h->host, sizeof(h->host), host);
	*out = h;
	return 0;
}

int gather_take(struct gather *gather, const char *host, const struct invocation *inv,
    const void *mark, size_t mark_bytes)
{
	struct gather_host *h = NULL;
	int err = find_host(gather, host, &h);

	if (err)
		return err;
	err = batch_writer_add(h->writer, inv);
	if (err == -ENOSPC) {
		err = seal(gather, h);
		if (!err)
			err = batch_writer_add(h->writer, inv);
	}
	if (!err && mark)
		add_mark(h, mark, mark_bytes);
	return err;
}

int gather_finish(struct gather *gather, int err)
{
	for (size_t i = 0; i < gather->hosts_n; i++) {
		if (!err)
			err = seal(gather, &gather->hosts[i]);
		spare_writer_give(gather->hosts[i].writer);
		gather->hosts[i].writer = NULL;
	}
	return err;
}
