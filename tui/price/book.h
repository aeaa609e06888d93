/* The price book that a command works with, and its lines for people. */
#ifndef COLDMETER_TUI_PRICE_BOOK_H
#define COLDMETER_TUI_PRICE_BOOK_H

#include "price/book.h"
#include "tui/commands/command.h"

#define PRICE_SOURCES_MAX 64

/* Sources in the order of their first use, for a list under the table. */
struct price_sources {
	const struct price *first[PRICE_SOURCES_MAX];
	size_t n;
};

/* The embedded book, overlaid with the file unless it is NULL. An exit status; a failure
 * was said. */
int price_book_open(const struct call *call, const char *file, struct book **out);

static inline void cleanup_book(struct book **book)
{
	book_free(*book);
}

/* Writes "[3]" for the price's source; "-" when there is no room for more of them. */
void price_sources_mark(
    struct price_sources *sources, const struct price *price, char *out, size_t size);
void price_sources_print(const struct price_sources *sources);

#endif
