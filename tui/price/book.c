#include "tui/price/book.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

int price_book_open(const struct call *call, const char *file, struct book **out)
{
	AUTO(book) struct book *book = NULL;
	struct book *over = NULL;
	char why[512];

	if (book_open_embedded(&book) < 0)
		return command_failed(call, "cannot open the price book: out of memory");
	if (file && book_load(file, &over, why, sizeof(why)) < 0)
		return command_failed(call, "%s", why);
	if (over && book_overlay(book, over) < 0)
		return command_failed(call, "out of memory");
	*out = TAKE(book);
	return COMMAND_DONE;
}

void price_sources_mark(
    struct price_sources *sources, const struct price *price, char *out, size_t size)
{
	size_t i = 0;

	while (i < sources->n && strcmp(sources->first[i]->source, price->source) != 0)
		i++;
	if (i == PRICE_SOURCES_MAX) {
		(void)snprintf(out, size, "-");
		return;
	}
	if (i == sources->n)
		sources->first[sources->n++] = price;
	(void)snprintf(out, size, "[%zu]", i + 1);
}

void price_sources_print(const struct price_sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		const struct price *price = sources->first[i];

		printf("[%zu] %s%s%s\n", i + 1, price->source_title,
		    price->source_url[0] ? "  " : "", price->source_url);
	}
}
