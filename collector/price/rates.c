#include "price/rates.h"

#include <errno.h>
#include <stdio.h>

/* The price of the first tier. */
static bool find_first(
    const struct book *book, const char *key, const char *region, struct money *out)
{
	const struct price *tiers;

	if (book_find(book, "aws", key, region, &tiers) == 0)
		return false;
	*out = tiers[0].amount;
	return true;
}

static bool find_of_arch(const struct book *book, const char *key, const char *region,
    enum arch arch, struct money *out)
{
	char full[64];

	(void)snprintf(full, sizeof(full), "%s.%s", key, arch_name(arch));
	return find_first(book, full, region, out);
}

int rates_lambda(
    const struct book *book, const char *region, enum arch arch, struct lambda_rates *out)
{
	struct lambda_rates rates = {0};

	if (!region || !*region)
		region = "us-east-1";
	if (arch == ARCH_UNKNOWN)
		arch = ARCH_X86_64;
	if (!find_first(book, "lambda.requests", region, &rates.request) ||
	    !find_of_arch(book, "lambda.duration", region, arch, &rates.gb_s))
		return -ENOENT;
	rates.has_pc = find_of_arch(book, "lambda.provisioned.idle", region, arch,
			   &rates.pc_idle_gb_s) &&
		       find_of_arch(book, "lambda.provisioned.duration", region, arch,
			   &rates.pc_duration_gb_s);
	if (!rates.has_pc)
		rates.pc_idle_gb_s = rates.pc_duration_gb_s = (struct money){0};
	*out = rates;
	return 0;
}
