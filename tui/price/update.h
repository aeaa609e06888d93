/* coldmeter prices update: the providers' own lists into the user's price file. */
#ifndef COLDMETER_TUI_PRICE_UPDATE_H
#define COLDMETER_TUI_PRICE_UPDATE_H

#include "tui/commands/command.h"

struct prices_update {
	const char *provider; /* "aws", "azure" or "gcp"; NULL: aws */
	const char *region;   /* NULL: all that the book has */
	const char *file;     /* to write; NULL: in the user's configuration folder */
	const char *from;     /* another server, for tests and mirrors; NULL: theirs */
	const char *key_file; /* gcp: where its key is; "-": standard input */
	bool yes;             /* write without asking */
	bool json;
};

/* Reads the list, shows what differs from the book with the file over it, and asks before
 * it writes. Nothing is written when anything fails. An exit status. */
int prices_update(const struct call *call, const struct prices_update *options);

#endif
