#include "price/compare.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SPEED_MIN 10
#define SPEED_MAX 100000
#define PART_BYTES 64

static size_t place_of(const struct plan *plan)
{
	size_t i = 0;

	while (plans[i] && plans[i] != plan)
		i++;
	return i;
}

static int parse_factor(const char *text, uint32_t *out)
{
	const __int128 pico_per_milli = 1000000000;
	struct money factor; /* it reads decimals, exactly */

	if (money_parse(text, &factor) < 0 || factor.pico % pico_per_milli != 0 ||
	    factor.pico < SPEED_MIN * pico_per_milli ||
	    factor.pico > SPEED_MAX * pico_per_milli)
		return -EINVAL;
	*out = (uint32_t)(factor.pico / pico_per_milli);
	return 0;
}

static int refuse(char *why, size_t size, const char *what, const char *part)
{
	(void)snprintf(why, size, "speed: %s: \"%.40s\"", what, part);
	text_make_printable(why);
	return -EINVAL;
}

static int parse_part(char *part, struct speeds *speeds, char *why, size_t size)
{
	char *equals = strchr(part, '=');
	const struct plan *plan;
	uint32_t factor;

	if (parse_factor(equals ? equals + 1 : part, &factor) < 0)
		return refuse(why, size,
		    "a factor is a number from 0.01 to 100 with at most 3 decimals",
		    equals ? equals + 1 : part);
	if (!equals) {
		if (speeds->everywhere)
			return refuse(why, size, "is said twice", part);
		speeds->everywhere = factor;
		return 0;
	}
	*equals = '\0';
	plan = plan_find(part);
	if (!plan || place_of(plan) >= COMPARE_PLANS_MAX)
		return refuse(why, size, "there is no such plan", part);
	if (speeds->plan[place_of(plan)])
		return refuse(why, size, "is said twice", part);
	speeds->plan[place_of(plan)] = factor;
	return 0;
}

int speeds_parse(const char *text, struct speeds *out, char *why, size_t why_size)
{
	struct speeds speeds = {0};

	for (bool more = true; more;) {
		size_t n = strcspn(text, ",");
		char part[PART_BYTES];
		int err;

		if (!text_copy_bytes(part, sizeof(part), text, n))
			return refuse(why, why_size, "is too long", text);
		err = parse_part(part, &speeds, why, why_size);
		if (err)
			return err;
		more = text[n] == ',';
		text += n + more;
	}
	*out = speeds;
	return 0;
}

uint32_t speeds_under(
    const struct speeds *speeds, const struct plan *plan, const struct plan *home)
{
	size_t i = place_of(plan);

	if (i < COMPARE_PLANS_MAX && speeds->plan[i])
		return speeds->plan[i];
	return speeds->everywhere && plan != home ? speeds->everywhere : SPEED_SAME;
}

/* Units of time times something: "GB-s", "vCPU-h". */
static bool is_time(const struct plan_line *line)
{
	size_t n = strlen(line->unit);

	return n > 2 &&
	       (!strcmp(line->unit + n - 2, "-s") || !strcmp(line->unit + n - 2, "-h"));
}

/* Scales one item; what is stated is nobody's time. */
static void scale_item(
    unsigned int item, uint32_t speed, const struct usage *was, struct usage *usage)
{
	if (item >= USAGE_ITEMS)
		return;
	unsigned __int128 scaled =
	    ((unsigned __int128)was->item[item] * SPEED_SAME + speed / 2) / speed;

	usage->item[item] = scaled > UINT64_MAX ? UINT64_MAX : (uint64_t)scaled;
}

void speed_apply(const struct plan *plan, uint32_t speed, struct usage *usage)
{
	struct usage was = *usage;

	for (size_t i = 0; speed != SPEED_SAME && i < plan->lines_n; i++) {
		if (!is_time(&plan->lines[i]))
			continue;
		scale_item(plan->lines[i].quantity, speed, &was, usage);
		if (plan->lines[i].less)
			scale_item(plan->lines[i].less, speed, &was, usage);
	}
}

static int by_total(const void *a, const void *b)
{
	const struct compare_row *left = a;
	const struct compare_row *right = b;
	int order = money_compare(left->total, right->total);

	if (order)
		return order;
	return (place_of(left->plan) > place_of(right->plan)) -
	       (place_of(left->plan) < place_of(right->plan));
}

void compare_sort(struct compare_row *rows, size_t n)
{
	if (n)
		qsort(rows, n, sizeof(*rows), by_total);
	for (size_t i = 0; i < n; i++)
		rows[i].difference = money_subtract(rows[i].total, rows[0].total);
}
