#include "serve/figures/cost_rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <libfyaml.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/log.h"
#include "base/text.h"
#include "model/function.h"

#define RULES_MAX 10000 /* of each block: a bound, not a goal */

/* Calls of one kind by functions of one pattern. */
struct call_rule {
	char pattern[FUNCTION_NAME_BYTES];
	enum companion kind;
	bool is_api; /* said as "api", of which a function has one */
	uint64_t micro;
};

struct tag_rule {
	char pattern[FUNCTION_NAME_BYTES];
	char key[COST_RULES_KEY_BYTES];
	char value[COST_RULES_VALUE_BYTES];
};

struct cost_rules {
	struct call_rule *calls; /* those of every function last */
	size_t calls_n;
	struct tag_rule *tags;
	size_t tags_n;
	atomic_uint more_owners; /* beside the first */
};

/* Room for one more. NULL: out of memory or too many, and that was said. */
static void *grow(
    const char *path, struct fy_node *at, void *items, size_t n, size_t size)
{
	void *more = items;

	if (n >= RULES_MAX) {
		(void)config_wrong(path, at, "there are too many of these");
		return NULL;
	}
	if ((n & (n - 1)) == 0) /* 0 or a power of two: it is full */
		more = reallocarray(items, n ? n * 2 : 1, size);
	if (!more)
		(void)log_error(-ENOMEM, "cannot read %s", path);
	return more;
}

static int add_calls(struct cost_rules *rules, const char *path, struct fy_node *at,
    const struct call_rule *rule)
{
	struct call_rule *calls =
	    grow(path, at, rules->calls, rules->calls_n, sizeof(*calls));

	if (!calls)
		return -EINVAL;
	for (size_t i = 0; i < rules->calls_n; i++)
		if (calls[i].kind == rule->kind &&
		    !strcmp(calls[i].pattern, rule->pattern)) {
			rules->calls = calls;
			return config_wrong(path, at,
			    "says the same kind of call twice: a call has one name in "
			    "all clouds");
		}
	calls[rules->calls_n++] = *rule;
	rules->calls = calls;
	return 0;
}

/* "api: http-api" or "dynamodb-reads: 2" of the functions of a pattern. */
static int take_call(struct cost_rules *rules, const char *path,
    struct fy_node_pair *pair, const char *pattern)
{
	struct fy_node *key_node = fy_node_pair_key(pair);
	struct fy_node *value_node = fy_node_pair_value(pair);
	const char *key = fy_node_get_scalar0(key_node);
	const char *value = value_node ? fy_node_get_scalar0(value_node) : NULL;
	struct call_rule rule = {.micro = 1000000};

	(void)text_copy(rule.pattern, sizeof(rule.pattern), pattern);
	if (!key || !value)
		return config_wrong(path, key_node, "must be `kind of call: number`");
	if (!strcmp(key, "api")) {
		rule.is_api = true;
		rule.kind = companion_find(value);
		if (rule.kind > COMPANION_WEBSOCKET_API)
			return config_wrong(path, value_node,
			    "must be http-api, rest-api or websocket-api");
		return add_calls(rules, path, key_node, &rule);
	}
	rule.kind = companion_find(key);
	if (rule.kind == COMPANIONS)
		return config_wrong(path, key_node, "there is no such kind of call");
	if (companion_parse_calls(value, &rule.micro) < 0)
		return config_wrong(path, value_node,
		    "must be calls for each invocation, 0 to 1000 with at most 6 "
		    "decimals");
	return add_calls(rules, path, key_node, &rule);
}

static int check_pattern(const char *path, struct fy_node *node)
{
	const char *pattern = node ? fy_node_get_scalar0(node) : NULL;

	if (!pattern || !*pattern || strlen(pattern) >= FUNCTION_NAME_BYTES)
		return config_wrong(path, node, "must be a function's name, * for any");
	return 0;
}

/* One of two passes: patterns, and then what holds for all functions. */
static int take_companions(
    struct cost_rules *rules, const char *path, struct fy_node *block, bool for_all)
{
	struct fy_node_pair *pair;
	void *at = NULL;
	int err = 0;

	while (!err && (pair = fy_node_mapping_iterate(block, &at))) {
		struct fy_node *key = fy_node_pair_key(pair);
		struct fy_node *value = fy_node_pair_value(pair);
		struct fy_node_pair *call;
		void *inner = NULL;

		if (!fy_node_is_mapping(value)) {
			if (for_all)
				err = take_call(rules, path, pair, "*");
			continue;
		}
		if (for_all)
			continue;
		err = check_pattern(path, key);
		while (!err && (call = fy_node_mapping_iterate(value, &inner)))
			err = take_call(rules, path, call, fy_node_get_scalar0(key));
	}
	return err;
}

static int take_tag(struct cost_rules *rules, const char *path, struct fy_node_pair *pair,
    const char *pattern)
{
	struct fy_node *key_node = fy_node_pair_key(pair);
	struct fy_node *value_node = fy_node_pair_value(pair);
	const char *key = fy_node_get_scalar0(key_node);
	const char *value = value_node ? fy_node_get_scalar0(value_node) : NULL;
	struct tag_rule *tags =
	    grow(path, key_node, rules->tags, rules->tags_n, sizeof(*tags));
	struct tag_rule *tag;

	if (!tags)
		return -EINVAL;
	rules->tags = tags;
	tag = &tags[rules->tags_n];
	(void)text_copy(tag->pattern, sizeof(tag->pattern), pattern);
	if (!key || !*key || !text_copy(tag->key, sizeof(tag->key), key))
		return config_wrong(
		    path, key_node, "must be a tag's name of 1 to 63 bytes");
	if (!value || !*value || !text_copy(tag->value, sizeof(tag->value), value))
		return config_wrong(path, value_node ? value_node : key_node,
		    "must be a tag's value of 1 to 127 bytes");
	rules->tags_n++;
	return 0;
}

static int take_tags(struct cost_rules *rules, const char *path, struct fy_node *block)
{
	struct fy_node_pair *pair;
	void *at = NULL;
	int err = 0;

	while (!err && (pair = fy_node_mapping_iterate(block, &at))) {
		struct fy_node *key = fy_node_pair_key(pair);
		struct fy_node *value = fy_node_pair_value(pair);
		struct fy_node_pair *tag;
		void *inner = NULL;

		err = check_pattern(path, key);
		if (!err && !fy_node_is_mapping(value))
			err = config_wrong(path, key, "must hold `tag: value` pairs");
		while (!err && (tag = fy_node_mapping_iterate(value, &inner)))
			err = take_tag(rules, path, tag, fy_node_get_scalar0(key));
	}
	return err;
}

/* A block of that name; NULL when there is none. */
static int find_block(
    const char *path, struct fy_node *root, const char *name, struct fy_node **out)
{
	*out = fy_node_mapping_lookup_by_string(root, name, FY_NT);
	if (!*out || fy_node_is_mapping(*out))
		return 0;
	return config_wrong(path, *out, "companions and tags must be blocks of settings");
}

static int take(const char *path, struct fy_node *root, void *context)
{
	struct fy_node *companions = NULL;
	struct fy_node *tags = NULL;
	int err = find_block(path, root, "companions", &companions);

	if (!err)
		err = find_block(path, root, "tags", &tags);
	if (!err && companions)
		err = take_companions(context, path, companions, false);
	if (!err && companions)
		err = take_companions(context, path, companions, true);
	if (!err && tags)
		err = take_tags(context, path, tags);
	return err;
}

int cost_rules_load(const char *path, struct cost_rules **out)
{
	struct cost_rules *rules = calloc(1, sizeof(*rules));
	int err = 0;

	if (!rules)
		return log_error(-ENOMEM, "cannot read %s", path);
	if (*path)
		err = config_read(path, take, rules);
	if (err)
		cost_rules_free(rules);
	else
		*out = rules;
	return err;
}

void cost_rules_free(struct cost_rules *rules)
{
	if (!rules || atomic_fetch_sub(&rules->more_owners, 1) > 0)
		return;
	free(rules->calls);
	free(rules->tags);
	free(rules);
}

void cost_rules_replace(struct cost_rules_slot *slot, struct cost_rules *rules)
{
	struct cost_rules *old;

	(void)pthread_mutex_lock(&slot->lock);
	old = slot->rules;
	slot->rules = rules;
	(void)pthread_mutex_unlock(&slot->lock);
	cost_rules_free(old);
}

struct cost_rules *cost_rules_hold(struct cost_rules_slot *slot)
{
	struct cost_rules *rules;

	if (!slot)
		return NULL;
	(void)pthread_mutex_lock(&slot->lock);
	rules = slot->rules;
	if (rules)
		(void)atomic_fetch_add(&rules->more_owners, 1);
	(void)pthread_mutex_unlock(&slot->lock);
	return rules;
}

void cost_rules_companions(
    const struct cost_rules *rules, const char *function, struct companions *out)
{
	bool said[COMPANIONS] = {false};
	bool has_api = false;

	*out = (struct companions){0};
	for (size_t i = 0; rules && i < rules->calls_n; i++) {
		const struct call_rule *rule = &rules->calls[i];

		if (said[rule->kind] || (rule->is_api && has_api) ||
		    fnmatch(rule->pattern, function, 0) != 0)
			continue;
		said[rule->kind] = true;
		has_api |= rule->is_api;
		out->micro[rule->kind] = rule->micro;
	}
}

bool cost_rules_have_companions(const struct cost_rules *rules)
{
	return rules && rules->calls_n > 0;
}

const char *cost_rules_tag(
    const struct cost_rules *rules, const char *function, const char *key)
{
	for (size_t i = 0; rules && i < rules->tags_n; i++)
		if (!strcmp(rules->tags[i].key, key) &&
		    fnmatch(rules->tags[i].pattern, function, 0) == 0)
			return rules->tags[i].value;
	return NULL;
}

json_t *cost_rules_tags(const struct cost_rules *rules, const char *function)
{
	json_t *tags = NULL;

	for (size_t i = 0; rules && i < rules->tags_n; i++) {
		const struct tag_rule *tag = &rules->tags[i];

		if (fnmatch(tag->pattern, function, 0) != 0 ||
		    json_object_get(tags, tag->key))
			continue;
		if (!tags)
			tags = json_object();
		(void)json_object_set_new(tags, tag->key, json_string(tag->value));
	}
	return tags;
}
