/* A line is formatted into a stack buffer, made printable, and written whole. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define LOG_LINE_BYTES 1024

static struct {
	const char *program;
	enum log_level level;
	int fd;
} sink = {"coldmeter", LOG_LEVEL_INFO, STDERR_FILENO};

void log_init(const char *program, enum log_level level)
{
	sink.program = program;
	sink.level = level;
}

void log_set_fd(int fd)
{
	sink.fd = fd;
}

__attribute__((format(printf, 3, 0))) static void write_line(
    const char *level, int err, const char *format, va_list args)
{
	static const size_t end = LOG_LINE_BYTES - 2;
	char line[LOG_LINE_BYTES];
	int n = snprintf(line, sizeof(line), "%s: %s", sink.program, level);
	size_t at = n < 0 ? 0 : (size_t)n < end ? (size_t)n : end;

	n = vsnprintf(line + at, end - at, format, args);
	if (n > 0)
		at = at + (size_t)n < end ? at + (size_t)n : end - 1;
	if (err < 0) {
		char why[128];

		n = snprintf(
		    line + at, end - at, ": %s", strerror_r(-err, why, sizeof(why)));
		if (n > 0)
			at = at + (size_t)n < end ? at + (size_t)n : end - 1;
	}
	line[at] = '\0';
	text_make_printable(line);
	line[at] = '\n';
	if (write(sink.fd, line, at + 1) < 0)
		return; /* nowhere left to say it */
}

int log_error(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line("error: ", err, format, args);
	va_end(args);
	return err;
}

void log_warn(const char *format, ...)
{
	va_list args;

	if (sink.level < LOG_LEVEL_WARN)
		return;
	va_start(args, format);
	write_line("warning: ", 0, format, args);
	va_end(args);
}

void log_note(const char *format, ...)
{
	va_list args;

	if (sink.level < LOG_LEVEL_INFO)
		return;
	va_start(args, format);
	write_line("", 0, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (sink.level < LOG_LEVEL_DEBUG)
		return;
	va_start(args, format);
	write_line("debug: ", 0, format, args);
	va_end(args);
}
