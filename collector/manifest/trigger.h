/* What calls a function, in one word each, and which of it one provider alone sells. */
#ifndef COLDMETER_MANIFEST_TRIGGER_H
#define COLDMETER_MANIFEST_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the word of a trigger: "http", "schedule", "sqs", ... text is a tool's own word
 * ("HttpApi"), a principal ("s3.amazonaws.com"), an ARN, or a CloudEvents type. One that
 * is not known stays as it is, in lower case. text may be out. */
void trigger_word(const char *text, char *out, size_t size);

/* The service that only one provider has, "Amazon SQS", behind such a word; NULL: others
 * have the like of it, or it is not known. */
const char *trigger_service(const char *word);

#endif
