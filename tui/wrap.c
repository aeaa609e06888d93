#include "tui/wrap.h"

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "tui/table.h"

#define WORD_BYTES 1024

size_t wrap_columns(size_t usual, size_t least, size_t most)
{
	struct winsize size;
	size_t columns = usual;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		columns = size.ws_col;
	return columns < least ? least : columns > most ? most : columns;
}

/* How many bytes of the word take at most so many columns; one character at least. */
static size_t fit(const char *word, size_t columns)
{
	char head[WORD_BYTES];
	size_t end = 0;

	for (size_t n = 1; word[end]; n = 1) {
		while (((unsigned char)word[end + n] & 0xc0) == 0x80)
			n++;
		(void)text_copy_bytes(head, sizeof(head), word, end + n);
		if (end && table_width(head) > columns)
			break;
		end += n;
	}
	return end;
}

static void break_line(FILE *out, size_t indent)
{
	(void)fprintf(out, "\n%*s", (int)indent, "");
}

void wrap_put(FILE *out, const char *text, size_t at, size_t indent, size_t columns)
{
	size_t room = columns > indent ? columns - indent : 1;
	bool is_first = true; /* of its line */

	while (*(text += strspn(text, " "))) {
		size_t n = strcspn(text, " ");
		char word[WORD_BYTES];
		size_t width;

		(void)text_copy_bytes(word, sizeof(word), text, n);
		n = strlen(word);
		width = table_width(word);
		if (!is_first && at + 1 + width > columns) {
			break_line(out, indent);
			at = indent;
			is_first = true;
		}
		if (width > room) {
			n = fit(word, at < columns ? columns - at : 1);
			word[n] = '\0';
			width = table_width(word);
		}
		(void)fprintf(out, "%s%s", is_first ? "" : " ", word);
		at += width + !is_first;
		is_first = false;
		text += n;
	}
}
