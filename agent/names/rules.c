#include "agent/names/rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <libfyaml.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/text.h"
#include "model/function.h"

enum part {
	PART_FUNCTION,
	PART_PROCESS,
	PART_CONTAINER,
	PART_PORT,
	PART_METHOD,
	PART_PATH,
	PARTS
};

static const char *const part_names[PARTS] = {
    "function", "process", "container", "port", "method", "path"};

/* A pattern of a shell for each part, "" where any will do. */
struct rule {
	char pattern[PARTS][RULES_PATTERN_BYTES];
	char name[FUNCTION_NAME_BYTES]; /* "" of a front door */
};

struct rules {
	size_t n;
	bool want_targets;
	bool want_ports;
	struct rule rule[RULES_MAX];
};

static bool is_key(struct fy_node_pair *pair, const char *name)
{
	const char *key = fy_node_get_scalar0(fy_node_pair_key(pair));

	return key && strcmp(key, name) == 0;
}

static int take_part(const char *path, struct fy_node_pair *pair, struct rule *rule)
{
	struct fy_node *value = fy_node_pair_value(pair);
	const char *pattern = value ? fy_node_get_scalar0(value) : NULL;
	int part = 0;

	while (part < PARTS && !is_key(pair, part_names[part]))
		part++;
	if (part == PARTS)
		return config_wrong(path, fy_node_pair_key(pair),
		    "match knows function, process, container, port, method and path");
	if (!pattern || !*pattern ||
	    !text_copy(rule->pattern[part], RULES_PATTERN_BYTES, pattern))
		return config_wrong(path, value ? value : fy_node_pair_key(pair),
		    "must be a pattern of 1 to 255 bytes");
	return 0;
}

static int take_match(const char *path, struct fy_node *match, struct rule *rule)
{
	struct fy_node_pair *pair;
	void *at = NULL;
	int err = 0;

	if (!fy_node_is_mapping(match))
		return config_wrong(path, match,
		    "match must be a list of `key: pattern`, such as {path: /orders/*}");
	while (!err && (pair = fy_node_mapping_iterate(match, &at)))
		err = take_part(path, pair, rule);
	return err;
}

static int take_name(const char *path, struct fy_node *value, struct rule *rule)
{
	const char *name = value ? fy_node_get_scalar0(value) : NULL;

	if (!name || !*name || !text_copy(rule->name, sizeof(rule->name), name))
		return config_wrong(path, value, "name must be 1 to 159 bytes");
	text_make_printable(rule->name);
	return 0;
}

static int take_front_door(const char *path, struct fy_node *value)
{
	const char *text = value ? fy_node_get_scalar0(value) : NULL;

	if (!text || strcmp(text, "true") != 0)
		return config_wrong(path, value, "front_door must be true");
	return 0;
}

static int take_rule(const char *path, struct fy_node *node, struct rule *rule)
{
	struct fy_node_pair *pair;
	bool matches = false;
	bool is_door = false;
	void *at = NULL;
	int err = 0;

	if (!fy_node_is_mapping(node))
		return config_wrong(
		    path, node, "a rule has match, and name or front_door");
	while (!err && (pair = fy_node_mapping_iterate(node, &at))) {
		struct fy_node *value = fy_node_pair_value(pair);

		if (is_key(pair, "match")) {
			matches = true;
			err = take_match(path, value, rule);
		} else if (is_key(pair, "name")) {
			err = take_name(path, value, rule);
		} else if (is_key(pair, "front_door")) {
			is_door = true;
			err = take_front_door(path, value);
		} else {
			err = config_wrong(path, fy_node_pair_key(pair),
			    "a rule has match, and name or front_door, nothing else");
		}
	}
	if (!err && (!matches || (rule->name[0] != '\0') == is_door))
		err = config_wrong(
		    path, node, "a rule needs match, and name or front_door: true");
	return err;
}

static int take_functions(const char *path, struct fy_node *list, struct rules *rules)
{
	struct fy_node *node;
	void *at = NULL;
	int err = 0;

	if (!fy_node_is_sequence(list))
		return config_wrong(path, list, "functions must be a list of rules");
	while (!err && (node = fy_node_sequence_iterate(list, &at))) {
		struct rule *rule = &rules->rule[rules->n];

		if (rules->n == RULES_MAX)
			return config_wrong(path, node, "there are more than 256 rules");
		err = take_rule(path, node, rule);
		if (err)
			break;
		rules->n++;
		if (rule->name[0] &&
		    (rule->pattern[PART_METHOD][0] || rule->pattern[PART_PATH][0]))
			rules->want_targets = true;
		if (rule->name[0] && rule->pattern[PART_PORT][0])
			rules->want_ports = true;
	}
	return err;
}

static int take_root(const char *path, struct fy_node *root, void *context)
{
	struct fy_node_pair *pair;
	void *at = NULL;
	int err = 0;

	while (!err && (pair = fy_node_mapping_iterate(root, &at))) {
		if (is_key(pair, "functions"))
			err = take_functions(path, fy_node_pair_value(pair), context);
		else
			err = config_wrong(path, fy_node_pair_key(pair),
			    "there is no such setting; functions is");
	}
	return err;
}

int rules_load(const char *path, struct rules **out)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	int err = rules ? config_read(path, take_root, rules) : -ENOMEM;

	if (err) {
		free(rules);
		return err;
	}
	*out = rules;
	return 0;
}

void rules_free(struct rules *rules)
{
	free(rules);
}

bool rules_want_targets(const struct rules *rules)
{
	return rules && rules->want_targets;
}

bool rules_want_ports(const struct rules *rules)
{
	return rules && rules->want_ports;
}

static bool fits(const struct rule *rule, int part, const char *text)
{
	return text && fnmatch(rule->pattern[part], text, 0) == 0;
}

static bool matches(
    const struct rule *rule, const char *const known[PARTS], const char *began)
{
	for (int part = 0; part < PARTS; part++) {
		if (!rule->pattern[part][0])
			continue;
		if (!fits(rule, part, known[part]) &&
		    !(part == PART_PROCESS && fits(rule, part, began)))
			return false;
	}
	return true;
}

/* Of those that say what is a front door, or of those that name. */
static const struct rule *first_that_matches(
    const struct rules *rules, const struct rules_subject *subject, bool is_door)
{
	char port[6] = ""; /* 65535 */
	const char *const known[PARTS] = {
	    [PART_FUNCTION] = subject->function,
	    [PART_PROCESS] = subject->process,
	    [PART_CONTAINER] = subject->container,
	    [PART_PORT] = subject->port ? port : NULL,
	    [PART_METHOD] = subject->method,
	    [PART_PATH] = subject->path,
	};

	(void)snprintf(port, sizeof(port), "%u", subject->port);
	for (size_t i = 0; rules && i < rules->n; i++)
		if ((rules->rule[i].name[0] == '\0') == is_door &&
		    matches(&rules->rule[i], known, subject->began))
			return &rules->rule[i];
	return NULL;
}

bool rules_front_door(const struct rules *rules, const struct rules_subject *subject)
{
	return first_that_matches(rules, subject, true) != NULL;
}

const char *rules_name(const struct rules *rules, const struct rules_subject *subject)
{
	const struct rule *rule = first_that_matches(rules, subject, false);

	return rule ? rule->name : NULL;
}
