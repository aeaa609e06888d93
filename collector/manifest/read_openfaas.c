/* stack.yaml of OpenFaaS: https://docs.openfaas.com/reference/yaml/ */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "manifest/gap.h"
#include "manifest/reader.h"
#include "manifest/trigger.h"

/* The watchdog's limit of one invocation. */
static void take_timeout(struct fy_node *function, struct manifest_setting *setting)
{
	struct fy_node *environment = node_get(function, "environment");

	setting_take(
	    setting, node_get(environment, "exec_timeout"), FIGURE_SPAN, SETTING_OWN);
	if (setting->from == SETTING_ABSENT)
		setting_take(setting, node_get(environment, "write_timeout"), FIGURE_SPAN,
		    SETTING_OWN);
}

static void take_triggers(
    struct fy_node *key, struct fy_node *node, struct manifest_function *function)
{
	struct fy_node *annotations = node_get(node, "annotations");
	struct fy_node *topic = node_get(annotations, "topic");
	char word[MANIFEST_WORD_BYTES];

	reader_trigger(function, "http", node_line(key));
	if (!node_text(topic, word, sizeof(word)))
		return;
	trigger_word(word, word, sizeof(word));
	/* any other topic is of a broker that the function cannot tell */
	reader_trigger(
	    function, strcmp(word, "schedule") == 0 ? word : "topic", node_line(topic));
}

static int take_function(struct reader *reader, struct fy_node *key, struct fy_node *node)
{
	struct manifest_function *function = reader_add(reader, key, PLATFORM_OPENFAAS);
	struct fy_node *labels = node_get(node, "labels");

	if (!function)
		return reader->error->why[0] ? -EBADMSG : -ENOMEM;
	(void)text_copy(function->name, sizeof(function->name), function->key);
	setting_take(&function->memory_mb, node_find(node, "limits memory"),
	    FIGURE_DOCKER, SETTING_OWN);
	gap_find(&function->memory_gap, reader->manifest, node, "limits memory",
	    SETTING_DOCKER);
	take_timeout(node, &function->timeout_ms);
	setting_take(&function->provisioned, node_get(labels, "com.openfaas.scale.min"),
	    FIGURE_COUNT, SETTING_OWN);
	take_triggers(key, node, function);
	reader_tags(function, labels);
	return 0;
}

int read_openfaas(struct reader *reader, struct fy_node *root)
{
	struct fy_node *provider = node_find(root, "provider name");
	struct fy_node *functions = node_get(root, "functions");
	struct fy_node *key;
	struct fy_node *value;
	void *at = NULL;
	int err = 0;

	if (!node_is(provider, "openfaas") && !node_is(provider, "faas"))
		return 0;
	reader->is_known = true;
	while (!err && node_next(functions, &at, &key, &value))
		if (node_is_map(value))
			err = take_function(reader, key, value);
	return err;
}
