#include "base/token.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/text.h"

#define PREFIX "cm_" /* so that those who look for leaked secrets find them */
#define RANDOM_BYTES 32
#define HASH_PREFIX "sha256:"

static const char *const role_names[TOKEN_ROLES] = {"admin", "read", "agent"};

const char *token_role_name(enum token_role role)
{
	return role_names[role];
}

int token_role_parse(const char *text, enum token_role *role)
{
	for (int i = 0; i < TOKEN_ROLES; i++) {
		if (strcmp(text, role_names[i]) == 0) {
			*role = (enum token_role)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* ASCII's alone, whatever the locale. */
static bool is_of(char c, const char *more)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || (c && strchr(more, c));
}

bool token_is_name(const char *text)
{
	size_t n = 0;

	while (is_of(text[n], "-._"))
		n++;
	return n > 0 && n < TOKEN_NAME_BYTES && text[n] == '\0';
}

bool token_is_token(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_of(text[i], "-._~+/="))
			return false;
	}
	return n >= TOKEN_MIN_BYTES && n < TOKEN_MAX_BYTES;
}

int token_make(char out[TOKEN_MADE_BYTES])
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[RANDOM_BYTES + 1] = {0}; /* 33: a whole number of 6-bit groups */
	char *to = out + strlen(PREFIX);

	if (getrandom(bytes, RANDOM_BYTES, 0) != RANDOM_BYTES)
		return -EIO;
	(void)snprintf(out, TOKEN_MADE_BYTES, PREFIX);
	for (size_t bit = 0; bit < 8L * RANDOM_BYTES; bit += 6) {
		unsigned int two = (unsigned int)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];

		*to++ = letters[two >> (10 - bit % 8) & 63];
	}
	*to = '\0';
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_hash(const char *text, uint8_t out[SHA256_BYTES])
{
	size_t n = strlen(HASH_PREFIX);

	if (strncmp(text, HASH_PREFIX, n) != 0 || strlen(text) != n + 2L * SHA256_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		int high = hex(text[n + 2 * i]);
		int low = hex(text[n + 2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int parse_named(char *line, struct token *token, const char **why)
{
	char *rest = NULL;
	const char *name = strtok_r(line, " \t", &rest);
	const char *role = strtok_r(NULL, " \t", &rest);
	const char *hash = strtok_r(NULL, " \t", &rest);

	*why = "a line is a token of 16 to 255 letters, digits or -._~+/=, or NAME ROLE "
	       "sha256:HEX";
	if (!name || !role || !hash || strtok_r(NULL, " \t", &rest) ||
	    !token_is_name(name) || parse_hash(hash, token->hash) < 0)
		return -EINVAL;
	*why = "a role is admin, read or agent";
	if (token_role_parse(role, &token->role) < 0)
		return -EINVAL;
	(void)text_copy(token->name, sizeof(token->name), name);
	return 1;
}

int token_parse(const char *line, struct token *token, const char **why)
{
	size_t n = strcspn(line, "\r\n");
	char copy[TOKEN_LINE_BYTES];
	struct token read = {0};
	int got = 1;

	*why = "the line is too long";
	if (n >= sizeof(copy))
		return -EINVAL;
	if (line[strspn(line, " \t\r\n")] == '\0' || line[0] == '#')
		return 0;
	memcpy(copy, line, n);
	copy[n] = '\0';
	if (token_is_token(copy, n))
		sha256(copy, n, read.hash);
	else
		got = parse_named(copy, &read, why);
	explicit_bzero(copy, sizeof(copy));
	if (got > 0)
		*token = read;
	return got;
}

void token_format(const struct token *token, char out[TOKEN_LINE_BYTES])
{
	int n = snprintf(out, TOKEN_LINE_BYTES, "%s %s " HASH_PREFIX, token->name,
	    token_role_name(token->role));

	for (size_t i = 0; i < SHA256_BYTES; i++)
		n += snprintf(
		    out + n, TOKEN_LINE_BYTES - (size_t)n, "%02x", token->hash[i]);
	out[n] = '\n';
	out[n + 1] = '\0';
}

bool token_file_is_private(FILE *file)
{
	struct stat status;

	return fstat(fileno(file), &status) == 0 &&
	       !(status.st_mode & (S_IRWXG | S_IRWXO));
}
