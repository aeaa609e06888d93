/* Streams are told as bytes of each request, as a list, or in the words of the vendor's
 * example: "2M x 100 KB + 1M x 7 MB, free 100 GB already used". */
#include "price/estimate/description.h"

#include <stdlib.h>
#include <string.h>

#include "price/estimate/members.h"

#define FREE_BYTES                                                                       \
	(6ULL << 20) /* of each request; https://aws.amazon.com/lambda/pricing/ */
#define BYTES_MAX (1ULL << 50)
#define REQUESTS_MAX 1000000000000000ULL
#define MICRO 1000000

struct factor {
	const char *word;
	uint64_t factor;
};

/* A GB is 1024 MB in the vendor's example. */
static const struct factor sizes[] = {{"bytes", 1}, {"B", 1}, {"KB", 1ULL << 10},
    {"KiB", 1ULL << 10}, {"MB", 1ULL << 20}, {"MiB", 1ULL << 20}, {"GB", 1ULL << 30},
    {"GiB", 1ULL << 30}, {NULL, 0}};
static const struct factor counts[] = {
    {"k", 1000}, {"K", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0}};

static void skip_blanks(const char **text)
{
	*text += strspn(*text, " ");
}

/* A number with at most 6 decimals and one of the words, multiplied; without a word
 * times 1 when that is allowed. Moves on. Whether there was one. */
static bool take_amount(
    const char **text, const struct factor *words, bool needs_word, uint64_t *out)
{
	uint64_t micro = 0;
	uint64_t factor = 1;
	int decimals = -1; /* before the point */
	const char *s = *text;

	if (*s < '0' || *s > '9')
		return false;
	for (; (*s >= '0' && *s <= '9') || (*s == '.' && decimals < 0); s++) {
		if (*s == '.') {
			decimals = 0;
			continue;
		}
		decimals += decimals >= 0;
		if (micro > BYTES_MAX || decimals > 6)
			return false;
		micro = micro * 10 + (uint64_t)(*s - '0');
	}
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 6; decimals++)
		if (__builtin_mul_overflow(micro, 10, &micro))
			return false;
	skip_blanks(&s);
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	bool has_word = false;

	for (; words->word && !has_word; words++) {
		has_word = strlen(words->word) == n && !strncmp(s, words->word, n);
		factor = has_word ? words->factor : 1;
	}
	unsigned __int128 product = (unsigned __int128)micro * factor;

	if ((needs_word && !has_word) || product % MICRO != 0 ||
	    product / MICRO > REQUESTS_MAX)
		return false;
	*out = (uint64_t)(product / MICRO);
	*text = s + (has_word ? n : 0);
	skip_blanks(text);
	return true;
}

static bool add_billed(uint64_t requests, uint64_t bytes, uint64_t *sum)
{
	uint64_t billed = bytes > FREE_BYTES ? bytes - FREE_BYTES : 0;

	return !__builtin_mul_overflow(billed, requests, &billed) &&
	       !__builtin_add_overflow(*sum, billed, sum);
}

/* "N x SIZE + N x SIZE", then perhaps ", free ... already used". */
static bool parse_words(const char *text, uint64_t *sum, bool *free_used)
{
	do {
		uint64_t requests;
		uint64_t bytes;

		text += *text == '+';
		skip_blanks(&text);
		if (!take_amount(&text, counts, false, &requests) || *text != 'x')
			return false;
		text++;
		skip_blanks(&text);
		if (!take_amount(&text, sizes, true, &bytes) ||
		    !add_billed(requests, bytes, sum))
			return false;
	} while (*text == '+');
	if (*text == '\0')
		return true;
	uint64_t grant;

	if (strncmp(text, ", free ", 7) != 0)
		return false;
	text += 7;
	*free_used = take_amount(&text, sizes, true, &grant) && grant == 100ULL << 30 &&
		     !strcmp(text, "already used");
	return *free_used;
}

/* A list of {"requests","bytes"}. */
static int read_list(const struct check *c, const struct place *at, uint64_t *sum)
{
	static const char *const allowed[] = {"requests", "bytes", NULL};
	const json_t *list = member_value(at, "streamed");
	const json_t *object;
	size_t i;

	json_array_foreach(list, i, object)
	{
		struct place one = {.object = object};
		uint64_t requests = UINT64_MAX;
		uint64_t bytes = UINT64_MAX;

		(void)snprintf(one.path, sizeof(one.path), "%.60s%sstreamed[%zu]",
		    at->path, at->path[0] ? "." : "", i);
		int err = check_is_object(c, &one);

		if (err == 0)
			err = check_members(c, &one, allowed);
		if (err == 0)
			err = check_count(c, &one, "requests", &requests);
		if (err == 0)
			err = check_count(c, &one, "bytes", &bytes);
		if (err < 0)
			return err;
		if (requests > REQUESTS_MAX || bytes > BYTES_MAX ||
		    !add_billed(requests, bytes, sum))
			return check_refuse(
			    c, &one, NULL, "needs requests and bytes, within reason");
	}
	return 0;
}

static int read_streamed(
    const struct check *c, const struct place *at, uint64_t *sum, bool *free_used)
{
	const json_t *value = member_value(at, "streamed");

	if (json_is_array(value))
		return read_list(c, at, sum);
	if (!json_is_string(value) ||
	    !parse_words(json_string_value(value), sum, free_used))
		return member_refuse(c, at, "streamed",
		    "must be such as \"2M x 100 KB + 1M x 7 MB\", to which may be added "
		    "\", free 100 GB already used\"");
	return 0;
}

int description_read_streamed(const struct check *c, const struct place *at,
    uint64_t requests, struct estimate_part *part)
{
	static const uint64_t range[2] = {0, BYTES_MAX};
	uint64_t sum = 0;
	bool free_used = false;
	int err = 0;

	if (member_is_there(at, "streamed") && member_is_there(at, "streamed_bytes"))
		return member_refuse(c, at, "streamed_bytes",
		    "says the same as streamed: give one of them");
	if (member_is_there(at, "streamed")) {
		err = read_streamed(c, at, &sum, &free_used);
	} else if (member_is_there(at, "streamed_bytes")) {
		uint64_t bytes = 0;

		err = member_whole(c, at, "streamed_bytes", range, &bytes);
		if (err == 0 && !add_billed(requests, bytes, &sum))
			err = member_refuse(c, at, "streamed_bytes", "is too much");
	}
	if (err == 0)
		err = member_flag(c, at, "streaming_free_used", &free_used);
	if (err < 0)
		return err;
	(void)stated_add(&part->stated,
	    free_used ? STATED_AWS_STREAM_PAID_BYTES : STATED_AWS_STREAM_BYTES, sum);
	return 0;
}
