/* Text that is broken at blanks to fit the terminal. */
#ifndef COLDMETER_TUI_WRAP_H
#define COLDMETER_TUI_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Columns of the terminal on standard output, or usual where it is none; within least and
 * most. */
size_t wrap_columns(size_t usual, size_t least, size_t most);

/* Writes the words of text to a stream whose cursor is at column at, each line up to
 * columns wide; a line that follows begins at column indent. A word that fits no line is
 * broken. Ends without a newline. */
void wrap_put(FILE *out, const char *text, size_t at, size_t indent, size_t columns);

#endif
