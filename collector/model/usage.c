#include "model/usage.h"

#include <errno.h>

#include "base/varint.h"

/* The key of each item in answers. */
static const char *const item_names[USAGE_ITEMS] = {
    [USAGE_AWS_REQUESTS] = "aws_requests",
    [USAGE_AWS_BILLED_MS] = "aws_billed_ms",
    [USAGE_AWS_MB_MS] = "aws_mb_ms",
    [USAGE_AZURE_EXECUTIONS] = "azure_executions",
    [USAGE_AZURE_MB_MS] = "azure_mb_ms",
    [USAGE_RUN_REQUESTS] = "run_requests",
    [USAGE_RUN_BILLED_MS] = "run_billed_ms",
    [USAGE_RUN_MCPU_MS] = "run_mcpu_ms",
    [USAGE_RUN_MB_MS] = "run_mb_ms",
    [USAGE_AWS_TMP_MB_MS] = "aws_tmp_mb_ms",
    [USAGE_FLEX_MB_MS] = "azure_flex_mb_ms",
    [USAGE_GCF_MB_MS] = "gcf_mb_ms",
    [USAGE_GCF_MHZ_MS] = "gcf_mhz_ms",
    [USAGE_HOST_CPU_US] = "host_cpu_us",
    [USAGE_HOST_MB_MS] = "host_mb_ms",
    [USAGE_AWS_INIT_MB_MS] = "aws_init_mb_ms",
    [USAGE_AWS_RESTORE_MB] = "aws_restore_mb",
};

void usage_add(struct usage *into, const struct usage *from)
{
	for (int i = 0; i < USAGE_ITEMS; i++) {
		if (__builtin_add_overflow(into->item[i], from->item[i], &into->item[i]))
			into->item[i] = UINT64_MAX;
	}
}

void usage_subtract(struct usage *into, const struct usage *from)
{
	for (int i = 0; i < USAGE_ITEMS; i++) {
		if (__builtin_sub_overflow(into->item[i], from->item[i], &into->item[i]))
			into->item[i] = 0;
	}
}

const char *usage_item_name(enum usage_item item)
{
	return item_names[item];
}

ssize_t usage_encode(const struct usage *usage, uint8_t *out, size_t size)
{
	uint64_t items = USAGE_ITEMS;

	while (items > 0 && usage->item[items - 1] == 0)
		items--;
	ssize_t n = varint_encode(items, out, size);

	if (n < 0)
		return n;
	size_t at = (size_t)n;
	for (uint64_t i = 0; i < items; i++) {
		n = varint_encode(usage->item[i], out + at, size - at);
		if (n < 0)
			return n;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

ssize_t usage_decode(const uint8_t *in, size_t size, struct usage *usage)
{
	struct usage read = {0};
	uint64_t items;
	ssize_t n = varint_decode_fast(in, size, &items);

	if (n < 0 || items > size) /* an item takes at least a byte */
		return -EBADMSG;
	size_t at = (size_t)n;
	for (uint64_t i = 0; i < items; i++) {
		uint64_t value;

		n = varint_decode_fast(in + at, size - at, &value);
		if (n < 0)
			return -EBADMSG;
		at += (size_t)n;
		if (i < USAGE_ITEMS)
			read.item[i] = value;
	}
	*usage = read;
	return (ssize_t)at;
}
