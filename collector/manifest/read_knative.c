/* Services of Knative, with the eventing objects of the same file:
 * https://knative.dev/docs/serving/reference/serving-api/ */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "manifest/gap.h"
#include "manifest/reader.h"
#include "manifest/trigger.h"

#define DEFAULT_TIMEOUT_MS 300000 /* revision-timeout-seconds of config-defaults */

static bool is_api(struct fy_node *root, const char *group)
{
	char version[MANIFEST_WORD_BYTES];

	return node_text(node_get(root, "apiVersion"), version, sizeof(version)) &&
	       strncmp(version, group, strlen(group)) == 0;
}

static void take_container(const struct manifest *manifest, struct fy_node *container,
    struct manifest_function *function)
{
	gap_find(&function->memory_gap, manifest, container, "resources limits memory",
	    SETTING_QUANTITY);
	setting_take(&function->memory_mb,
	    node_find(container, "resources limits memory"), FIGURE_MEMORY, SETTING_OWN);
}

static int take_service(struct reader *reader, struct fy_node *root)
{
	struct fy_node *name = node_find(root, "metadata name");
	struct fy_node *template = node_find(root, "spec template");
	struct fy_node *spec = node_get(template, "spec");
	struct fy_node *annotations = node_find(template, "metadata annotations");
	struct fy_node *arch =
	    node_get(node_get(spec, "nodeSelector"), "kubernetes.io/arch");
	struct manifest_function *function = reader_add(reader, name, PLATFORM_KNATIVE);
	char text[MANIFEST_WORD_BYTES];

	if (!function)
		return reader->error->why[0] ? -EBADMSG : -ENOMEM;
	if (!node_text(name, function->name, sizeof(function->name)))
		(void)text_copy(function->name, sizeof(function->name), "*");
	take_container(
	    reader->manifest, node_item(node_get(spec, "containers"), 0), function);
	setting_take(&function->timeout_ms, node_get(spec, "timeoutSeconds"),
	    FIGURE_SECONDS, SETTING_OWN);
	setting_default(&function->timeout_ms, DEFAULT_TIMEOUT_MS);
	setting_take(&function->provisioned,
	    node_get(annotations, "autoscaling.knative.dev/min-scale"), FIGURE_COUNT,
	    SETTING_OWN);
	if (function->provisioned.from == SETTING_ABSENT)
		setting_take(&function->provisioned,
		    node_get(annotations, "autoscaling.knative.dev/minScale"),
		    FIGURE_COUNT, SETTING_OWN);
	if (node_text(arch, text, sizeof(text))) {
		function->arch = arch_find(text);
		function->arch_line = node_line(arch);
	}
	reader_trigger(function, "http", function->line);
	reader_tags(function, node_find(root, "metadata labels"));
	return 0;
}

/* Who calls: of a Trigger or a source, the service that it names. It stands behind it in
 * the file or the words are lost, as kubectl would take it. */
static void take_event(struct reader *reader, struct fy_node *root)
{
	struct fy_node *kind = node_get(root, "kind");
	struct fy_node *name = node_find(root, "spec sink ref name");
	char text[FUNCTION_NAME_BYTES];
	char word[MANIFEST_WORD_BYTES];

	if (!name)
		name = node_find(root, "spec subscriber ref name");
	if (!node_text(name, text, sizeof(text)) || !node_text(kind, word, sizeof(word)))
		return;
	trigger_word(word, word, sizeof(word));
	for (size_t i = 0; i < reader->manifest->functions_n; i++)
		if (strcmp(reader->manifest->functions[i].name, text) == 0)
			reader_trigger(
			    &reader->manifest->functions[i], word, node_line(kind));
}

int read_knative(struct reader *reader, struct fy_node *root)
{
	if (is_api(root, "serving.knative.dev/") &&
	    node_is(node_get(root, "kind"), "Service")) {
		reader->is_known = true;
		return take_service(reader, root);
	}
	if (reader->is_known && (is_api(root, "eventing.knative.dev/") ||
				    is_api(root, "sources.knative.dev/")))
		take_event(reader, root);
	return 0;
}
