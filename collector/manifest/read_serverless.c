/* serverless.yml of the Serverless Framework. Defaults as its manual gives them:
 * https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "manifest/gap.h"
#include "manifest/reader.h"
#include "manifest/trigger.h"
#include "manifest/variable.h"

#define DEFAULT_MEMORY_MB 1024
#define DEFAULT_TIMEOUT_MS 6000
#define DEFAULT_STAGE "dev"

struct service {
	struct reader *reader;
	struct fy_node *root;
	struct fy_node *provider;
	struct variables variables;
	enum platform platform;
};

/* "self:custom.size" to its node. */
static struct fy_node *find_self(const struct service *service, const char *variable)
{
	char path[VARIABLE_BYTES];

	if (strncmp(variable, "self:", 5) != 0 ||
	    !text_copy(path, sizeof(path), variable + 5))
		return NULL;
	for (char *c = path; *c; c++)
		if (*c == '.')
			*c = ' ';
	return path[0] ? node_find(service->root, path) : NULL;
}

/* One of the values between commas. */
static bool resolve_one(
    const struct service *service, const char *one, int depth, char *out, size_t size)
{
	char text[VARIABLE_BYTES];
	size_t n = strlen(one);

	if (n >= 2 && (one[0] == '\'' || one[0] == '"') && one[n - 1] == one[0])
		return text_copy_bytes(out, size, one + 1, n - 2);
	if (strncmp(one, "${", 2) == 0 || !strchr(one, ':')) {
		variable_fill(&service->variables, one, depth + 1, out, size);
		return !strchr(out, '*') && out[0];
	}
	if (strcmp(one, "sls:stage") == 0 || strcmp(one, "self:provider.stage") == 0) {
		if (node_text(node_get(service->provider, "stage"), text, sizeof(text)))
			variable_fill(&service->variables, text, depth + 1, out, size);
		else
			(void)text_copy(out, size, DEFAULT_STAGE);
		return true;
	}
	if (strcmp(one, "self:service") == 0 &&
	    node_text(node_find(service->root, "service name"), text, sizeof(text)))
		return text_copy(out, size, text);
	if (!node_text(find_self(service, one), text, sizeof(text)))
		return false;
	variable_fill(&service->variables, text, depth + 1, out, size);
	return true;
}

/* Where the first value ends: at a comma that is in no quotes and no braces. */
static size_t value_bytes(const char *text)
{
	int open = 0;
	char quote = 0;
	size_t i = 0;

	for (; text[i]; i++) {
		if (quote && text[i] == quote)
			quote = '\0';
		else if (quote)
			continue;
		else if (text[i] == '\'' || text[i] == '"')
			quote = text[i];
		else if (text[i] == '{')
			open++;
		else if (text[i] == '}')
			open--;
		else if (text[i] == ',' && open <= 0)
			break;
	}
	return i;
}

/* The first value of "opt:stage, self:provider.stage, 'dev'" that is known. */
static bool resolve(void *context, const char *inside, int depth, char *out, size_t size)
{
	char one[VARIABLE_BYTES];

	while (*inside) {
		size_t n = value_bytes(inside);
		size_t from = strspn(inside, " ");
		size_t end = n;

		while (end > from && inside[end - 1] == ' ')
			end--;
		if (from < end &&
		    text_copy_bytes(one, sizeof(one), inside + from, end - from) &&
		    resolve_one(context, one, depth, out, size))
			return true;
		inside += n + (inside[n] == ',');
	}
	return false;
}

/* A figure, also where a variable says that it stands elsewhere in the file. */
static void take(const struct service *service, struct manifest_setting *setting,
    struct fy_node *node, enum figure figure, enum setting_from from)
{
	char text[VARIABLE_BYTES];
	char inside[VARIABLE_BYTES];

	for (int i = 0; i < VARIABLE_MAX_DEPTH && node; i++) {
		struct fy_node *there;

		if (!node_text(node, text, sizeof(text)) ||
		    !variable_is_whole(text, inside, sizeof(inside)))
			break;
		there = find_self(service, inside);
		if (!there)
			break;
		node = there;
		from = SETTING_SHARED;
	}
	setting_take(setting, node, figure, from);
}

static void take_both(const struct service *service, struct manifest_setting *setting,
    struct fy_node *function, const char *key, enum figure figure)
{
	take(service, setting, node_get(function, key), figure, SETTING_OWN);
	if (setting->from == SETTING_ABSENT)
		take(service, setting, node_get(service->provider, key), figure,
		    SETTING_SHARED);
}

static void take_arch(const struct service *service, struct fy_node *node,
    struct manifest_function *function)
{
	struct fy_node *arch = node_get(node, "architecture");
	char text[MANIFEST_WORD_BYTES];

	if (!arch)
		arch = node_get(service->provider, "architecture");
	if (node_text(arch, text, sizeof(text))) {
		function->arch = arch_find(text);
		function->arch_line = node_line(arch);
	} else if (service->platform == PLATFORM_AWS_LAMBDA) {
		function->arch = ARCH_X86_64;
	}
}

/* An event is a word, or a mapping whose first key is one. */
static void take_events(struct fy_node *events, struct manifest_function *function)
{
	char word[MANIFEST_WORD_BYTES];
	char type[MANIFEST_WORD_BYTES];
	struct fy_node *event;

	for (size_t i = 0; i < 256 && (event = node_item(events, i)); i++) {
		struct fy_node *key = event;
		struct fy_node *value = NULL;
		void *at = NULL;

		if (node_is_map(event) && !node_next(event, &at, &key, &value))
			continue;
		if (!node_text(key, word, sizeof(word)))
			continue;
		if (strcmp(word, "stream") == 0 &&
		    node_text(node_get(value, "type"), type, sizeof(type)))
			(void)text_copy(word, sizeof(word), type);
		trigger_word(word, word, sizeof(word));
		reader_trigger(function, word, node_line(key));
	}
}

static void take_name(const struct service *service, struct fy_node *node,
    struct manifest_function *function)
{
	char text[VARIABLE_BYTES];

	if (!node_text(node_get(node, "name"), text, sizeof(text)))
		(void)snprintf(text, sizeof(text), "${self:service}-${sls:stage}-%.160s",
		    function->key);
	variable_fill(
	    &service->variables, text, 0, function->name, sizeof(function->name));
	if (node_text(node_get(service->provider, "region"), text, sizeof(text)))
		variable_fill(&service->variables, text, 0, function->region,
		    sizeof(function->region));
	if (strchr(function->region, '*'))
		function->region[0] = '\0';
}

static int take_function(
    struct service *service, struct fy_node *key, struct fy_node *node)
{
	struct manifest_function *function =
	    reader_add(service->reader, key, service->platform);

	if (!function)
		return service->reader->error->why[0] ? -EBADMSG : -ENOMEM;
	take_name(service, node, function);
	take_both(service, &function->memory_mb, node, "memorySize", FIGURE_COUNT);
	if (service->platform == PLATFORM_AWS_LAMBDA ||
	    service->platform == PLATFORM_GCP_FUNCTIONS)
		gap_find(&function->memory_gap, service->reader->manifest, node,
		    "memorySize", SETTING_PLAIN);
	take_both(service, &function->timeout_ms, node, "timeout", FIGURE_SECONDS);
	take(service, &function->provisioned, node_get(node, "provisionedConcurrency"),
	    FIGURE_COUNT, SETTING_OWN);
	take_arch(service, node, function);
	if (service->platform == PLATFORM_AWS_LAMBDA) {
		setting_default(&function->memory_mb, DEFAULT_MEMORY_MB);
		setting_default(&function->timeout_ms, DEFAULT_TIMEOUT_MS);
	}
	take_events(node_get(node, "events"), function);
	if (node_get(node, "url") && !node_is(node_get(node, "url"), "false"))
		reader_trigger(function, "http", node_line(node_get(node, "url")));
	reader_tags(function, node_get(node, "tags"));
	reader_tags(function, node_get(service->provider, "tags"));
	return 0;
}

static int take_functions(struct service *service, struct fy_node *functions)
{
	struct fy_node *key;
	struct fy_node *value;
	void *at = NULL;
	int err = 0;

	while (!err && node_next(functions, &at, &key, &value))
		if (node_is_map(value))
			err = take_function(service, key, value);
	return err;
}

static enum platform platform_of(struct fy_node *provider)
{
	struct fy_node *name =
	    node_is_scalar(provider) ? provider : node_get(provider, "name");

	if (node_is(name, "aws"))
		return PLATFORM_AWS_LAMBDA;
	if (node_is(name, "google"))
		return PLATFORM_GCP_FUNCTIONS;
	if (node_is(name, "azure"))
		return PLATFORM_AZURE_FUNCTIONS;
	return PLATFORM_UNKNOWN;
}

int read_serverless(struct reader *reader, struct fy_node *root)
{
	struct service service = {.reader = reader, .root = root};
	struct fy_node *functions = node_get(root, "functions");
	struct fy_node *part;
	void *at = NULL;
	int err = 0;

	service.provider = node_get(root, "provider");
	if (!node_get(root, "service") || !service.provider)
		return 0;
	reader->is_known = true;
	service.platform = platform_of(service.provider);
	service.variables = (struct variables){resolve, &service};
	if (!node_is_list(functions))
		return take_functions(&service, functions);
	while (!err && (part = node_next_item(functions, &at)))
		err = take_functions(&service, part);
	return err;
}
