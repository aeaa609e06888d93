#include "tui/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char *doctor_state_name(enum doctor_state state)
{
	static const char *const names[] = {"ok", "warn", "fail"};

	return names[state];
}

/* The last one that is shown makes room for the number of those that are not. */
static void leave_out(struct doctor *doctor, enum doctor_state state)
{
	struct doctor_check *last = &doctor->checks[DOCTOR_MAX_CHECKS - 1];

	doctor->left_out += doctor->left_out ? 1 : 2;
	if (state > last->state)
		last->state = state;
	(void)snprintf(last->what, sizeof(last->what), "more");
	(void)snprintf(last->detail, sizeof(last->detail), "%zu more are not shown",
	    doctor->left_out);
}

void doctor_add(struct doctor *doctor, enum doctor_state state, const char *what,
    const char *format, ...)
{
	struct doctor_check *check;
	va_list args;

	if (doctor->n == DOCTOR_MAX_CHECKS) {
		leave_out(doctor, state);
		return;
	}
	check = &doctor->checks[doctor->n++];
	check->state = state;
	(void)text_copy(check->what, sizeof(check->what), what);
	text_make_printable(check->what);
	va_start(args, format);
	(void)vsnprintf(check->detail, sizeof(check->detail), format, args);
	va_end(args);
	text_make_printable(check->detail);
}

size_t doctor_read_lines(struct doctor *doctor, char *text)
{
	char *rest = text;
	char *line;
	size_t taken = 0;

	while ((line = strsep(&rest, "\n"))) {
		const char *word = strsep(&line, "\t");
		const char *what = line ? strsep(&line, "\t") : NULL;

		if (!what)
			continue;
		for (int state = DOCTOR_OK; state <= DOCTOR_FAIL; state++)
			if (strcmp(word, doctor_state_name((enum doctor_state)state)) ==
			    0) {
				doctor_add(doctor, (enum doctor_state)state, what, "%s",
				    line ? line : "");
				taken++;
			}
	}
	return taken;
}
