#include "manifest/trigger.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

#define WORD_BYTES 64

static const struct alias {
	const char *text; /* in lower case */
	const char *word;
} aliases[] = {
    {"api", "http"},
    {"httpapi", "http"},
    {"url", "http"},
    {"alb", "http"},
    {"apigateway", "http"},
    {"elasticloadbalancing", "http"},
    {"scheduler", "schedule"},
    {"schedulev2", "schedule"},
    {"pingsource", "schedule"},
    {"cron-function", "schedule"},
    {"stream", "dynamodb"},
    {"eventbridgerule", "eventbridge"},
    {"cloudwatchevent", "eventbridge"},
    {"events", "eventbridge"},
    {"cloudwatchlog", "logs"},
    {"cloudwatchlogs", "logs"},
    {"cognitouserpool", "cognito"},
    {"cognito-idp", "cognito"},
    {"iotrule", "iot"},
    {"alexaskill", "alexa"},
    {"msk", "kafka"},
    {"selfmanagedkafka", "kafka"},
    {"mq", "amqp"},
    {"activemq", "amqp"},
    {"rabbitmq", "amqp"},
    {"documentdb", "docdb"},
};

#define ALIASES_N (sizeof(aliases) / sizeof(aliases[0]))

static const struct service {
	const char *word;
	const char *service;
} services[] = {
    {"websocket", "Amazon API Gateway WebSocket"},
    {"sqs", "Amazon SQS"},
    {"sns", "Amazon SNS"},
    {"kinesis", "Amazon Kinesis"},
    {"dynamodb", "Amazon DynamoDB Streams"},
    {"s3", "Amazon S3 events"},
    {"eventbridge", "Amazon EventBridge"},
    {"logs", "Amazon CloudWatch Logs"},
    {"cognito", "Amazon Cognito"},
    {"iot", "AWS IoT"},
    {"alexa", "Alexa Skills"},
    {"docdb", "Amazon DocumentDB"},
    {"pubsub", "Google Cloud Pub/Sub"},
    {"storage", "Google Cloud Storage events"},
    {"firestore", "Google Cloud Firestore"},
    {"audit", "Google Cloud Audit Logs"},
};

/* The part of a longer name that tells: of "arn:aws:sqs:..." the third, of
 * "google.cloud.pubsub..." too, of "google.pubsub.topic.publish" the second, of
 * "s3.amazonaws.com" the first. */
static size_t find_part(const char **text)
{
	static const char google[] = "google.cloud.";
	static const char google_1[] = "google.";

	if (strncmp(*text, "arn:", 4) == 0) {
		const char *service = strchr(*text + 4, ':');

		if (service)
			*text = service + 1;
		return strcspn(*text, ":");
	}
	if (strncmp(*text, google, sizeof(google) - 1) == 0) {
		*text += sizeof(google) - 1;
		return strcspn(*text, ".");
	}
	if (strncmp(*text, google_1, sizeof(google_1) - 1) == 0) {
		*text += sizeof(google_1) - 1;
		return strcspn(*text, ".");
	}
	if (strstr(*text, ".amazonaws.com"))
		return strcspn(*text, ".");
	return strlen(*text);
}

void trigger_word(const char *text, char *out, size_t size)
{
	size_t n = find_part(&text);
	char word[WORD_BYTES];
	size_t i = 0;

	(void)text_copy_bytes(word, sizeof(word), text, n);
	text_make_printable(word);
	for (char *c = word; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	while (i < ALIASES_N && strcmp(aliases[i].text, word) != 0)
		i++;
	(void)text_copy(out, size, i < ALIASES_N ? aliases[i].word : word);
}

const char *trigger_service(const char *word)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].word, word) == 0)
			return services[i].service;
	return NULL;
}
