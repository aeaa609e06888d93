/* AWS SAM and CloudFormation templates, YAML with its tags or JSON. Defaults as the
 * manual gives them:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "manifest/gap.h"
#include "manifest/reader.h"
#include "manifest/trigger.h"
#include "manifest/variable.h"

#define DEFAULT_MEMORY_MB 128
#define DEFAULT_TIMEOUT_MS 3000
#define TYPE_BYTES 96

struct template
{
	struct reader *reader;
	struct fy_node *resources;
	struct fy_node *parameters;
	struct fy_node *globals; /* of SAM's functions */
	struct fy_node *shared;  /* those while one of SAM's is read, else NULL */
	struct variables variables;
};

/* An intrinsic function, "!Sub x" or {"Fn::Sub": x}: its argument, NULL when the node is
 * none of that name. */
static struct fy_node *argument_of(struct fy_node *node, const char *name)
{
	char tag[MANIFEST_WORD_BYTES];
	struct fy_node *argument;

	node_tag(node, tag, sizeof(tag));
	if (strcmp(tag, name) == 0)
		return node;
	argument = node_get(node, name);
	if (!argument) {
		(void)snprintf(tag, sizeof(tag), "Fn::%s", name);
		argument = node_get(node, tag);
	}
	return argument;
}

static struct fy_node *find_default(const struct template *template, const char *name)
{
	return node_get(node_get(template->parameters, name), "Default");
}

/* The node where the figure stands: of a parameter, its default. */
static struct fy_node *settle(
    const struct template *template, struct fy_node *node, enum setting_from *from)
{
	char name[FUNCTION_NAME_BYTES];
	struct fy_node *value;

	if (!node_text(argument_of(node, "Ref"), name, sizeof(name)))
		return node;
	value = find_default(template, name);
	if (!value)
		return node;
	*from = SETTING_SHARED;
	return value;
}

static bool resolve(void *context, const char *inside, int depth, char *out, size_t size)
{
	const struct template *template = context;

	(void)depth;
	return node_text(find_default(template, inside), out, size);
}

/* Text as deployed, "*" where only that can tell. False: there is none. */
static bool settle_text(
    const struct template *template, struct fy_node *node, char *out, size_t size)
{
	struct fy_node *sub = argument_of(node, "Sub");
	enum setting_from from = SETTING_OWN;
	char text[VARIABLE_BYTES];
	char tag[MANIFEST_WORD_BYTES];

	if (!node)
		return false;
	if (sub) {
		if (!node_text(
			node_is_list(sub) ? node_item(sub, 0) : sub, text, sizeof(text)))
			return false;
		variable_fill(&template->variables, text, 0, out, size);
		return true;
	}
	if (argument_of(node, "Ref")) {
		node = settle(template, node, &from);
		if (from == SETTING_SHARED)
			return node_text(node, out, size);
	}
	node_tag(node, tag, sizeof(tag));
	if (!tag[0] && node_is_scalar(node))
		return node_text(node, out, size);
	return text_copy(out, size, "*");
}

/* The logical id that "!Ref x", "!GetAtt x.Arn" or "!Sub ${x.Arn}" names. */
static bool names_of(struct fy_node *node, char *out, size_t size)
{
	char inside[FUNCTION_NAME_BYTES];
	struct fy_node *argument = argument_of(node, "Ref");

	if (!argument)
		argument = argument_of(node, "GetAtt");
	if (!argument)
		argument = argument_of(node, "Sub");
	if (!argument)
		return node_text(node, out, size);
	if (!node_text(
		node_is_list(argument) ? node_item(argument, 0) : argument, out, size))
		return false;
	if (variable_is_whole(out, inside, sizeof(inside)))
		(void)text_copy(out, size, inside);
	out[strcspn(out, ".")] = '\0';
	return true;
}

static struct manifest_function *find_named(
    const struct template *template, struct fy_node *node)
{
	char name[FUNCTION_NAME_BYTES];
	const struct manifest *manifest = template->reader->manifest;

	if (!names_of(node, name, sizeof(name)))
		return NULL;
	for (size_t i = 0; i < manifest->functions_n; i++)
		if (strcmp(manifest->functions[i].key, name) == 0 ||
		    strcmp(manifest->functions[i].name, name) == 0)
			return &manifest->functions[i];
	return NULL;
}

static void take(const struct template *template, struct manifest_setting *setting,
    struct fy_node *properties, const char *path, enum figure figure)
{
	enum setting_from from = SETTING_OWN;
	struct fy_node *node = node_find(properties, path);

	if (!node && (node = node_find(template->shared, path)))
		from = SETTING_SHARED;
	node = settle(template, node, &from);
	setting_take(setting, node, figure, from);
}

static void take_arch(const struct template *template, struct fy_node *properties,
    struct manifest_function *function)
{
	struct fy_node *list = node_get(properties, "Architectures");
	char text[MANIFEST_WORD_BYTES];
	enum setting_from from = SETTING_OWN;
	struct fy_node *node;

	if (!list)
		list = node_get(template->shared, "Architectures");
	node = settle(template, node_item(list, 0), &from);
	function->arch = list ? ARCH_UNKNOWN : ARCH_X86_64;
	if (node_text(node, text, sizeof(text))) {
		function->arch = arch_find(text);
		function->arch_line = node_line(node);
	}
}

static void take_events(struct fy_node *events, struct manifest_function *function)
{
	char word[MANIFEST_WORD_BYTES];
	struct fy_node *key;
	struct fy_node *value;
	void *at = NULL;

	while (node_next(events, &at, &key, &value)) {
		struct fy_node *type = node_get(value, "Type");

		if (!node_text(type, word, sizeof(word)))
			continue;
		trigger_word(word, word, sizeof(word));
		reader_trigger(function, word, node_line(type));
	}
}

/* Tags are a mapping in SAM, and a list of {Key, Value} in CloudFormation. */
static void take_tags(struct fy_node *tags, struct manifest_function *function)
{
	struct fy_node *item;

	reader_tags(function, tags);
	for (size_t i = 0; function->tags_n < MANIFEST_MAX_TAGS && i < 50 &&
			   (item = node_item(tags, i));
	     i++) {
		struct manifest_word *tag = &function->tags[function->tags_n];

		*tag = (struct manifest_word){.line = node_line(item)};
		if (node_text(node_get(item, "Key"), tag->key, sizeof(tag->key)) &&
		    node_text(node_get(item, "Value"), tag->value, sizeof(tag->value)))
			function->tags_n++;
	}
}

/* What is not named is called STACK-ID-SUFFIX. */
static void take_name(const struct template *template, struct fy_node *properties,
    struct manifest_function *function)
{
	struct fy_node *name = node_get(properties, "FunctionName");

	if (!settle_text(template, name, function->name, sizeof(function->name)))
		(void)snprintf(
		    function->name, sizeof(function->name), "*-%.150s-*", function->key);
}

static int take_function(
    struct template *template, struct fy_node *key, struct fy_node *properties)
{
	struct manifest_function *function =
	    reader_add(template->reader, key, PLATFORM_AWS_LAMBDA);

	if (!function)
		return template->reader->error->why[0] ? -EBADMSG : -ENOMEM;
	take_name(template, properties, function);
	take(template, &function->memory_mb, properties, "MemorySize", FIGURE_COUNT);
	gap_find(&function->memory_gap, template->reader->manifest, properties,
	    "MemorySize", SETTING_PLAIN);
	take(template, &function->timeout_ms, properties, "Timeout", FIGURE_SECONDS);
	take(template, &function->provisioned, properties,
	    "ProvisionedConcurrencyConfig ProvisionedConcurrentExecutions", FIGURE_COUNT);
	setting_default(&function->memory_mb, DEFAULT_MEMORY_MB);
	setting_default(&function->timeout_ms, DEFAULT_TIMEOUT_MS);
	take_arch(template, properties, function);
	take_events(node_get(properties, "Events"), function);
	if (node_get(properties, "FunctionUrlConfig"))
		reader_trigger(function, "http",
		    node_line(node_get(properties, "FunctionUrlConfig")));
	take_tags(node_get(properties, "Tags"), function);
	take_tags(node_get(template->shared, "Tags"), function);
	return 0;
}

/* What other resources say of a function. */
static void take_neighbour(
    struct template *template, const char *type, struct fy_node *properties)
{
	struct manifest_function *function =
	    find_named(template, node_get(properties, "FunctionName"));
	struct fy_node *source = NULL;
	char text[FUNCTION_NAME_BYTES];
	char word[MANIFEST_WORD_BYTES];
	enum setting_from from = SETTING_OWN;
	struct fy_node *node;

	if (!function)
		return;
	if (strcmp(type, "AWS::Lambda::Alias") == 0 ||
	    strcmp(type, "AWS::Lambda::Version") == 0) {
		node = node_find(properties,
		    "ProvisionedConcurrencyConfig ProvisionedConcurrentExecutions");
		node = settle(template, node, &from);
		setting_take(&function->provisioned, node, FIGURE_COUNT, from);
		return;
	}
	if (strcmp(type, "AWS::Lambda::Permission") == 0)
		source = node_get(properties, "Principal");
	else if (strcmp(type, "AWS::Lambda::EventSourceMapping") == 0)
		source = node_get(properties, "EventSourceArn");
	else if (strcmp(type, "AWS::Lambda::Url") == 0)
		reader_trigger(function, "http", node_line(properties));
	if (!source)
		return;
	/* the queue or table itself may stand in the template: its type tells */
	if (names_of(source, text, sizeof(text)) &&
	    node_text(node_find(node_get(template->resources, text), "Type"), text,
		sizeof(text)) &&
	    strncmp(text, "AWS::", 5) == 0) {
		text[5 + strcspn(text + 5, ":")] = '\0';
		trigger_word(text + 5, word, sizeof(word));
	} else if (settle_text(template, source, text, sizeof(text)) &&
		   strcmp(text, "*") != 0) {
		trigger_word(text, word, sizeof(word));
	} else {
		return;
	}
	reader_trigger(function, word, node_line(source));
}

static const char sam_function[] = "AWS::Serverless::Function";

static bool is_function(const char *type)
{
	return strcmp(type, sam_function) == 0 ||
	       strcmp(type, "AWS::Lambda::Function") == 0;
}

/* The functions first, then what stands beside them. */
static int take_resources(struct template *template, bool functions)
{
	struct fy_node *key;
	struct fy_node *value;
	char type[TYPE_BYTES];
	void *at = NULL;
	int err = 0;

	while (!err && node_next(template->resources, &at, &key, &value)) {
		struct fy_node *properties = node_get(value, "Properties");

		if (!node_text(node_get(value, "Type"), type, sizeof(type)))
			continue;
		template->shared =
		    strcmp(type, sam_function) == 0 ? template->globals : NULL;
		if (functions && is_function(type))
			err = take_function(template, key, properties);
		else if (!functions && strncmp(type, "AWS::Lambda::", 13) == 0)
			take_neighbour(template, type, properties);
	}
	return err;
}

static bool has_type(struct fy_node *resources)
{
	struct fy_node *key;
	struct fy_node *value;
	char type[TYPE_BYTES];
	void *at = NULL;

	while (node_next(resources, &at, &key, &value))
		if (node_text(node_get(value, "Type"), type, sizeof(type)) &&
		    strstr(type, "::"))
			return true;
	return false;
}

int read_cloudformation(struct reader *reader, struct fy_node *root)
{
	struct template template = {.reader = reader};
	int err;

	template.resources = node_get(root, "Resources");
	template.parameters = node_get(root, "Parameters");
	template.globals = node_find(root, "Globals Function");
	if (!node_is_map(template.resources) ||
	    (!node_get(root, "AWSTemplateFormatVersion") &&
		!node_get(root, "Transform") && !has_type(template.resources)))
		return 0;
	reader->is_known = true;
	template.variables = (struct variables){resolve, &template};
	err = take_resources(&template, true);
	return err ? err : take_resources(&template, false);
}
