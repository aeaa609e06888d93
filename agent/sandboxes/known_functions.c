/* A hash table by platform and name, so that all versions meet in one bucket. */
#include "agent/sandboxes/known_functions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct known_function {
	struct known_function *next;
	struct known_function *older; /* of those without a sandbox */
	struct known_function *newer;
	uint64_t hash;
	uint32_t alive; /* sandboxes */
	bool seen_before;
	enum invocation_status last_end;
	uint64_t last_idle_ns;
	struct function function; /* with the set-up of its last sandbox */
};

static size_t bucket_of(uint64_t key)
{
	_Static_assert(KNOWN_FUNCTIONS_BUCKETS == 1 << 12, "12 bits are left");
	return (key * 0x9e3779b97f4a7c15ULL) >> 52;
}

void known_functions_done(struct known_functions *all)
{
	for (size_t i = 0; i < KNOWN_FUNCTIONS_BUCKETS; i++) {
		while (all->buckets[i]) {
			struct known_function *f = all->buckets[i];

			all->buckets[i] = f->next;
			free(f);
		}
	}
}

static void unlink_idle(struct known_functions *all, struct known_function *f)
{
	*(f->older ? &f->older->newer : &all->idle_oldest) = f->newer;
	*(f->newer ? &f->newer->older : &all->idle_newest) = f->older;
	f->older = f->newer = NULL;
	all->idle_n--;
}

static void forget_function(struct known_functions *all, struct known_function *f)
{
	struct known_function **at = &all->buckets[bucket_of(f->hash)];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	unlink_idle(all, f);
	free(f);
}

static void link_idle(struct known_functions *all, struct known_function *f)
{
	f->older = all->idle_newest;
	f->newer = NULL;
	*(all->idle_newest ? &all->idle_newest->newer : &all->idle_oldest) = f;
	all->idle_newest = f;
	if (++all->idle_n > KNOWN_FUNCTIONS_IDLE_MAX)
		forget_function(all, all->idle_oldest);
}

/* The same for all versions, which meet in one bucket. */
static uint64_t hash_of(const struct function *function)
{
	struct function any_version = *function;

	any_version.version[0] = '\0';
	return function_hash(&any_version);
}

/* The function, made known as one without a sandbox if it was not. */
static struct known_function *find_or_add(
    struct known_functions *all, const struct function *function)
{
	uint64_t hash = hash_of(function);
	struct known_function **at = &all->buckets[bucket_of(hash)];
	struct known_function *f = *at;

	while (f && (f->hash != hash || !function_is_same(&f->function, function)))
		f = f->next;
	if (f)
		return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->hash = hash;
	f->function = *function;
	f->next = *at;
	*at = f;
	link_idle(all, f);
	return f;
}

/* Whether it was seen with another version. */
static bool is_other_seen(
    const struct known_functions *all, const struct known_function *owner)
{
	const struct known_function *f = all->buckets[bucket_of(owner->hash)];

	for (; f; f = f->next)
		if (f->seen_before && f->hash == owner->hash &&
		    f->function.platform == owner->function.platform &&
		    strcmp(f->function.name, owner->function.name) == 0)
			return true;
	return false;
}

struct known_function *known_functions_begin(
    struct known_functions *all, const struct function *function, struct cause *cause)
{
	struct known_function *f = find_or_add(all, function);
	struct cause_history history;

	if (!f)
		return NULL;
	history = (struct cause_history){.was_seen = f->seen_before,
	    .was_other_seen = !f->seen_before && is_other_seen(all, f),
	    .is_changed = f->function.memory_limit_mb != function->memory_limit_mb,
	    .alive = f->alive,
	    .last_end = f->last_end,
	    .last_idle_ns = f->last_idle_ns};
	*cause = cause_of(&history);
	if (f->alive++ == 0)
		unlink_idle(all, f);
	f->seen_before = true;
	f->function = *function;
	return f;
}

void known_functions_end(struct known_functions *all, struct known_function *f,
    enum invocation_status last_end, uint64_t idle_ns)
{
	f->last_end = last_end;
	f->last_idle_ns = idle_ns;
	if (--f->alive == 0)
		link_idle(all, f);
}
