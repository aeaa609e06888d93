/* A plan of Terraform or OpenTofu, `terraform show -json PLAN`:
 * https://developer.hashicorp.com/terraform/internals/json-format
 * What a plan leaves to the provider ("known after apply") is not in it. Defaults are the
 * providers'. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "manifest/reader.h"
#include "manifest/trigger.h"

#define MODULES_MAX_DEPTH 16
#define TYPE_BYTES 64

typedef void (*take_resource)(struct manifest_function *function, struct fy_node *values);

static void take_name(
    struct manifest_function *function, struct fy_node *values, const char *key)
{
	if (!node_text(node_get(values, key), function->name, sizeof(function->name)))
		(void)text_copy(function->name, sizeof(function->name), "*");
}

static void take_lambda(struct manifest_function *function, struct fy_node *values)
{
	struct fy_node *arch = node_item(node_get(values, "architectures"), 0);
	char text[MANIFEST_WORD_BYTES];

	take_name(function, values, "function_name");
	setting_take(&function->memory_mb, node_get(values, "memory_size"), FIGURE_COUNT,
	    SETTING_OWN);
	setting_take(&function->timeout_ms, node_get(values, "timeout"), FIGURE_SECONDS,
	    SETTING_OWN);
	setting_default(&function->memory_mb, 128);
	setting_default(&function->timeout_ms, 3000);
	if (node_text(arch, text, sizeof(text))) {
		function->arch = arch_find(text);
		function->arch_line = node_line(arch);
	}
	(void)node_text(
	    node_get(values, "region"), function->region, sizeof(function->region));
	reader_tags(function, node_get(values, "tags"));
}

/* Only Flex Consumption has a size of its own; the other plans' belongs to the plan. */
static void take_azure(struct manifest_function *function, struct fy_node *values)
{
	struct fy_node *ready = node_item(node_get(values, "always_ready"), 0);

	take_name(function, values, "name");
	setting_take(&function->memory_mb, node_get(values, "instance_memory_in_mb"),
	    FIGURE_COUNT, SETTING_OWN);
	setting_take(&function->provisioned, node_get(ready, "instance_count"),
	    FIGURE_COUNT, SETTING_OWN);
	(void)node_text(
	    node_get(values, "location"), function->region, sizeof(function->region));
	reader_tags(function, node_get(values, "tags"));
}

static void take_google(struct manifest_function *function, struct fy_node *values)
{
	struct fy_node *config = node_item(node_get(values, "service_config"), 0);
	struct fy_node *event = node_item(node_get(values, "event_trigger"), 0);
	struct fy_node *type = node_get(event, "event_type");
	char text[128];
	char word[MANIFEST_WORD_BYTES] = "http";

	take_name(function, values, "name");
	setting_take(&function->memory_mb, node_get(config, "available_memory"),
	    FIGURE_MEMORY, SETTING_OWN);
	setting_take(&function->timeout_ms, node_get(config, "timeout_seconds"),
	    FIGURE_SECONDS, SETTING_OWN);
	setting_take(&function->provisioned, node_get(config, "min_instance_count"),
	    FIGURE_COUNT, SETTING_OWN);
	if (node_text(type, text, sizeof(text)))
		trigger_word(text, word, sizeof(word));
	reader_trigger(function, word, node_line(type ? type : values));
	(void)node_text(
	    node_get(values, "location"), function->region, sizeof(function->region));
	reader_tags(function, node_get(values, "labels"));
}

/* Cloud Functions of the first generation. */
static void take_google_1(struct manifest_function *function, struct fy_node *values)
{
	struct fy_node *event = node_item(node_get(values, "event_trigger"), 0);
	struct fy_node *type = node_get(event, "event_type");
	char text[128];
	char word[MANIFEST_WORD_BYTES] = "http";

	take_name(function, values, "name");
	setting_take(&function->memory_mb, node_get(values, "available_memory_mb"),
	    FIGURE_COUNT, SETTING_OWN);
	setting_take(&function->timeout_ms, node_get(values, "timeout"), FIGURE_SECONDS,
	    SETTING_OWN);
	setting_default(&function->memory_mb, 256);
	setting_default(&function->timeout_ms, 60000);
	setting_take(&function->provisioned, node_get(values, "min_instances"),
	    FIGURE_COUNT, SETTING_OWN);
	if (node_text(type, text, sizeof(text)))
		trigger_word(text, word, sizeof(word));
	reader_trigger(function, word, node_line(type ? type : values));
	(void)node_text(
	    node_get(values, "region"), function->region, sizeof(function->region));
	reader_tags(function, node_get(values, "labels"));
}

static void take_cloud_run(struct manifest_function *function, struct fy_node *values)
{
	struct fy_node *template = node_item(node_get(values, "template"), 0);
	struct fy_node *container = node_item(node_get(template, "containers"), 0);
	struct fy_node *resources = node_item(node_get(container, "resources"), 0);
	struct fy_node *scaling = node_item(node_get(template, "scaling"), 0);

	take_name(function, values, "name");
	setting_take(&function->memory_mb, node_find(resources, "limits memory"),
	    FIGURE_MEMORY, SETTING_OWN);
	setting_take(&function->timeout_ms, node_get(template, "timeout"), FIGURE_SPAN,
	    SETTING_OWN);
	setting_take(&function->provisioned, node_get(scaling, "min_instance_count"),
	    FIGURE_COUNT, SETTING_OWN);
	reader_trigger(function, "http", node_line(values));
	(void)node_text(
	    node_get(values, "location"), function->region, sizeof(function->region));
	reader_tags(function, node_get(values, "labels"));
}

static const struct resource_type {
	const char *name;
	enum platform platform;
	take_resource take;
} types[] = {
    {"aws_lambda_function", PLATFORM_AWS_LAMBDA, take_lambda},
    {"azurerm_function_app", PLATFORM_AZURE_FUNCTIONS, take_azure},
    {"azurerm_linux_function_app", PLATFORM_AZURE_FUNCTIONS, take_azure},
    {"azurerm_windows_function_app", PLATFORM_AZURE_FUNCTIONS, take_azure},
    {"azurerm_function_app_flex_consumption", PLATFORM_AZURE_FUNCTIONS, take_azure},
    {"google_cloudfunctions_function", PLATFORM_GCP_FUNCTIONS, take_google_1},
    {"google_cloudfunctions2_function", PLATFORM_GCP_FUNCTIONS, take_google},
    {"google_cloud_run_v2_service", PLATFORM_KNATIVE, take_cloud_run},
};

static int take_function(struct reader *reader, struct fy_node *resource)
{
	struct fy_node *address = node_get(resource, "address");
	struct manifest_function *function;
	char type[TYPE_BYTES];
	size_t i = 0;

	if (!node_text(node_get(resource, "type"), type, sizeof(type)))
		return 0;
	while (i < sizeof(types) / sizeof(types[0]) && strcmp(types[i].name, type) != 0)
		i++;
	if (i == sizeof(types) / sizeof(types[0]))
		return 0;
	function = reader_add(reader, address, types[i].platform);
	if (!function)
		return reader->error->why[0] ? -EBADMSG : -ENOMEM;
	types[i].take(function, node_get(resource, "values"));
	return 0;
}

/* A name, or an ARN that ends with it. */
static struct manifest_function *find_function(
    const struct manifest *manifest, struct fy_node *node)
{
	char text[256];
	const char *name = text;

	if (!node_text(node, text, sizeof(text)))
		return NULL;
	if (strstr(text, ":function:"))
		name = strstr(text, ":function:") + 10;
	for (size_t i = 0; i < manifest->functions_n; i++)
		if (strcmp(manifest->functions[i].name, name) == 0)
			return &manifest->functions[i];
	return NULL;
}

static int take_neighbour(struct reader *reader, struct fy_node *resource)
{
	struct fy_node *values = node_get(resource, "values");
	struct manifest_function *function =
	    find_function(reader->manifest, node_get(values, "function_name"));
	struct fy_node *source = NULL;
	char type[TYPE_BYTES];
	char text[256];
	char word[MANIFEST_WORD_BYTES];

	if (!function || !node_text(node_get(resource, "type"), type, sizeof(type)))
		return 0;
	if (strcmp(type, "aws_lambda_provisioned_concurrency_config") == 0)
		setting_take(&function->provisioned,
		    node_get(values, "provisioned_concurrent_executions"), FIGURE_COUNT,
		    SETTING_OWN);
	else if (strcmp(type, "aws_lambda_event_source_mapping") == 0)
		source = node_get(values, "event_source_arn");
	else if (strcmp(type, "aws_lambda_permission") == 0)
		source = node_get(values, "principal");
	else if (strcmp(type, "aws_lambda_function_url") == 0)
		reader_trigger(
		    function, "http", node_line(node_get(resource, "address")));
	if (node_text(source, text, sizeof(text))) {
		trigger_word(text, word, sizeof(word));
		reader_trigger(function, word, node_line(source));
	}
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most MODULES_MAX_DEPTH deep */
static int walk(struct reader *reader, struct fy_node *module, int depth,
    int (*take)(struct reader *reader, struct fy_node *resource))
{
	struct fy_node *resources = node_get(module, "resources");
	struct fy_node *children = node_get(module, "child_modules");
	struct fy_node *item;
	void *at = NULL;
	int err = 0;

	while (!err && (item = node_next_item(resources, &at)))
		err = take(reader, item);
	if (depth == MODULES_MAX_DEPTH)
		return err;
	at = NULL;
	while (!err && (item = node_next_item(children, &at)))
		err = walk(reader, item, depth + 1, take);
	return err;
}

int read_terraform(struct reader *reader, struct fy_node *root)
{
	struct fy_node *module = node_find(root, "planned_values root_module");
	int err;

	if (!module)
		module = node_find(root, "values root_module");
	if (!module || !node_get(root, "format_version"))
		return 0;
	reader->is_known = true;
	err = walk(reader, module, 0, take_function);
	return err ? err : walk(reader, module, 0, take_neighbour);
}
