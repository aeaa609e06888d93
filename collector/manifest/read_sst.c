/* The state of SST 3, `sst state export`: a checkpoint of Pulumi, whose resources carry
 * what was deployed.
 * https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "manifest/reader.h"
#include "manifest/trigger.h"

/* Outputs are what is deployed; inputs stand there before it is. */
static struct fy_node *find_value(struct fy_node *resource, const char *key)
{
	struct fy_node *value = node_get(node_get(resource, "outputs"), key);

	return value ? value : node_get(node_get(resource, "inputs"), key);
}

/* The last part of "urn:pulumi:STAGE::APP::TYPES::NAME". */
static void take_key(struct fy_node *urn, struct manifest_function *function)
{
	char text[512];
	char *name;

	if (!node_text(urn, text, sizeof(text)))
		return;
	name = text;
	for (char *colons = text; (colons = strstr(colons, "::")); colons += 2)
		name = colons + 2;
	(void)text_copy(function->key, sizeof(function->key), name);
}

static int take_function(struct reader *reader, struct fy_node *resource)
{
	struct fy_node *urn = node_get(resource, "urn");
	struct manifest_function *function = reader_add(reader, urn, PLATFORM_AWS_LAMBDA);
	struct fy_node *arch = node_item(find_value(resource, "architectures"), 0);
	char text[MANIFEST_WORD_BYTES];

	if (!function)
		return reader->error->why[0] ? -EBADMSG : -ENOMEM;
	take_key(urn, function);
	if (!node_text(
		find_value(resource, "name"), function->name, sizeof(function->name)))
		(void)text_copy(function->name, sizeof(function->name), "*");
	setting_take(&function->memory_mb, find_value(resource, "memorySize"),
	    FIGURE_COUNT, SETTING_OWN);
	setting_take(&function->timeout_ms, find_value(resource, "timeout"),
	    FIGURE_SECONDS, SETTING_OWN);
	if (node_text(arch, text, sizeof(text))) {
		function->arch = arch_find(text);
		function->arch_line = node_line(arch);
	}
	(void)node_text(
	    find_value(resource, "region"), function->region, sizeof(function->region));
	reader_tags(function, find_value(resource, "tagsAll"));
	reader_tags(function, find_value(resource, "tags"));
	return 0;
}

/* By its name, or its ARN, which ends with that. */
static struct manifest_function *find_function(
    const struct manifest *manifest, struct fy_node *node)
{
	char text[256];
	const char *name = text;

	if (!node_text(node, text, sizeof(text)))
		return NULL;
	if (strncmp(text, "arn:", 4) == 0 && strstr(text, ":function:")) {
		name = strstr(text, ":function:") + 10;
		text[name - text + strcspn(name, ":")] = '\0';
	}
	for (size_t i = 0; i < manifest->functions_n; i++)
		if (strcmp(manifest->functions[i].name, name) == 0)
			return &manifest->functions[i];
	return NULL;
}

/* Of a stream mapping the source, of a permission who may call. */
static void take_neighbour(
    struct reader *reader, const char *type, struct fy_node *resource)
{
	bool url = strcmp(type, "aws:lambda/functionUrl:FunctionUrl") == 0;
	bool mapping =
	    strcmp(type, "aws:lambda/eventSourceMapping:EventSourceMapping") == 0;
	bool permission = strcmp(type, "aws:lambda/permission:Permission") == 0;
	bool provisioned = strcmp(type, "aws:lambda/provisionedConcurrencyConfig:"
					"ProvisionedConcurrencyConfig") == 0;
	struct manifest_function *function =
	    find_function(reader->manifest, find_value(resource, "functionName"));
	struct fy_node *source =
	    find_value(resource, mapping ? "eventSourceArn" : "principal");
	char text[256];
	char word[MANIFEST_WORD_BYTES];

	if (!function && permission)
		function =
		    find_function(reader->manifest, find_value(resource, "function"));
	if (!function)
		return;
	if (url)
		reader_trigger(function, "http", node_line(node_get(resource, "urn")));
	if (provisioned)
		setting_take(&function->provisioned,
		    find_value(resource, "provisionedConcurrentExecutions"), FIGURE_COUNT,
		    SETTING_OWN);
	if ((mapping || permission) && node_text(source, text, sizeof(text)) &&
	    strcmp(text, "*") != 0) {
		trigger_word(text, word, sizeof(word));
		reader_trigger(function, word, node_line(source));
	}
}

int read_sst(struct reader *reader, struct fy_node *root)
{
	static const char function_type[] = "aws:lambda/function:Function";
	struct fy_node *resources = node_find(root, "latest resources");
	struct fy_node *resource;
	char type[128];
	void *at = NULL;
	int err = 0;

	if (!resources)
		resources = node_find(root, "deployment resources");
	if (!resources)
		resources = node_find(root, "checkpoint latest resources");
	if (!node_is_list(resources))
		return 0;
	reader->is_known = true;
	while (!err && (resource = node_next_item(resources, &at)))
		if (node_is(node_get(resource, "type"), function_type))
			err = take_function(reader, resource);
	at = NULL;
	while (!err && (resource = node_next_item(resources, &at)))
		if (node_text(node_get(resource, "type"), type, sizeof(type)) &&
		    strncmp(type, "aws:lambda/", 11) == 0)
			take_neighbour(reader, type, resource);
	return err;
}
