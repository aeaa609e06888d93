/* The one sink for what a program has to say about itself. */
#ifndef COLDMETER_BASE_LOG_H
#define COLDMETER_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Names the program that speaks and the least important level that is written. Not
 * thread-safe: call once, before threads start. The name is borrowed. */
void log_init(const char *program, enum log_level level);

/* Sends later lines to fd instead of standard error. The descriptor stays the caller's.
 */
void log_set_fd(int fd);

/* Each writes one line "program: level: text", control characters replaced, with one
 * write(2), so lines of threads do not mix. log_error appends ": strerror" when err is a
 * negative errno, and returns err, so that a caller can log and leave in one statement.
 */
int log_error(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
