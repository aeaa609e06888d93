/* What a deployment manifest sets for each of its functions, and where it says so. */
#ifndef COLDMETER_MANIFEST_MANIFEST_H
#define COLDMETER_MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/function.h"

#define MANIFEST_MAX_BYTES (8 << 20) /* a Terraform plan of thousands of resources */
#define MANIFEST_MAX_FUNCTIONS 1000
#define MANIFEST_MAX_TRIGGERS 16
#define MANIFEST_MAX_TAGS 16
#define MANIFEST_WORD_BYTES 64
#define MANIFEST_WHY_BYTES 192

enum manifest_kind {
	MANIFEST_SERVERLESS,
	MANIFEST_CLOUDFORMATION, /* AWS SAM too */
	MANIFEST_SST,            /* state of SST, which is Pulumi's */
	MANIFEST_TERRAFORM,      /* terraform show -json PLAN */
	MANIFEST_KNATIVE,
	MANIFEST_OPENFAAS,
	MANIFEST_KINDS
};

/* "serverless", "cloudformation", "sst", "terraform", "knative", "openfaas". */
const char *manifest_kind_name(enum manifest_kind kind);

/* Written by a tool: to change it, change what it was made from. */
bool manifest_is_generated(enum manifest_kind kind);

enum setting_from {
	SETTING_ABSENT,
	SETTING_OWN,     /* written at the function */
	SETTING_SHARED,  /* written where other functions take it from, too */
	SETTING_DEFAULT, /* written nowhere: what the tool's own manual says then */
	SETTING_UNKNOWN  /* written as something that only a deployment can tell, or wrong
			  */
};

const char *setting_from_name(
    enum setting_from from); /* "absent", "function", "shared", "default", "unknown" */

/* How a memory size is written, so that another one can be written alike. */
enum setting_unit { SETTING_PLAIN, SETTING_QUANTITY, SETTING_DOCKER };

struct manifest_setting {
	enum setting_from from;
	enum setting_unit unit;
	uint64_t value; /* only with OWN, SHARED and DEFAULT */
	/* With UNKNOWN, what is wrong with it, static; NULL: a deployment can tell it. */
	const char *why;
	int line;  /* from 1; 0 with ABSENT and DEFAULT */
	size_t at; /* the value in the file's bytes, without quotes */
	size_t bytes;
};

#define MANIFEST_GAP_BYTES 320 /* of a text before a value, or after it */

/* Where a setting that is not written can be. */
struct manifest_gap {
	bool is_there;
	enum setting_unit unit;
	size_t at;                       /* in the file's bytes: before this one comes */
	char before[MANIFEST_GAP_BYTES]; /* this, */
	char after[MANIFEST_GAP_BYTES];  /* the value, and this */
};

/* A word and where it stands; value is "" of a trigger. */
struct manifest_word {
	char key[MANIFEST_WORD_BYTES];
	char value[MANIFEST_WORD_BYTES];
	int line;
};

struct manifest_function {
	/* As deployed; each "*" stands for what only a deployment can tell. */
	char name[FUNCTION_NAME_BYTES];
	char key[FUNCTION_NAME_BYTES]; /* how the manifest calls it */
	char region[FUNCTION_REGION_BYTES];
	enum platform platform;
	enum arch arch;
	int arch_line;
	int line;
	struct manifest_setting memory_mb;   /* MiB */
	struct manifest_gap memory_gap;      /* of the function itself */
	struct manifest_setting timeout_ms;  /* of one invocation */
	struct manifest_setting provisioned; /* instances that are always ready */
	struct manifest_word triggers[MANIFEST_MAX_TRIGGERS]; /* each kind once */
	size_t triggers_n;
	struct manifest_word tags[MANIFEST_MAX_TAGS];
	size_t tags_n;
};

struct manifest {
	enum manifest_kind kind;
	char *text; /* as read; owned */
	size_t text_bytes;
	struct manifest_function *functions; /* in the order of the file; owned */
	size_t functions_n;
};

struct manifest_error {
	int line; /* from 1; 0: of the file as a whole */
	int column;
	char why[MANIFEST_WHY_BYTES]; /* printable */
};

/* Reads the manifest in text, which it copies. 0; -EBADMSG with *error: broken, too
 * large, or too deep; -EMEDIUMTYPE: sound, but no manifest of a kind that is known;
 * -ENOMEM. *out is to be released with manifest_done(), and untouched on failure. */
int manifest_parse(const char *text, size_t text_bytes, struct manifest *out,
    struct manifest_error *error);

/* The same of a file; also -ENOENT, -EACCES, ... with error->why. */
int manifest_load(const char *path, struct manifest *out, struct manifest_error *error);

void manifest_done(struct manifest *manifest);

/* Whether a function that was measured can be this one. */
bool manifest_is_of(
    const struct manifest_function *function, const char *name, enum platform platform);

/* Whether nothing in the name is left to the deployment. */
bool manifest_name_is_exact(const struct manifest_function *function);

#endif
