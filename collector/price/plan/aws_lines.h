/* The lines that the plans of AWS Lambda share. Sources of the rules:
 * https://aws.amazon.com/lambda/pricing/ */
#ifndef COLDMETER_PRICE_PLAN_AWS_LINES_H
#define COLDMETER_PRICE_PLAN_AWS_LINES_H

#include "price/plan/parts.h"

#define LINE_REQUESTS                                                                    \
	{                                                                                \
		.item = "requests", .price_key = "lambda.requests",                      \
		.quantity = USAGE_AWS_REQUESTS, .unit_size = 1, .unit = "request",       \
		.free_tier_key = "lambda.free.requests"                                  \
	}

/* What of the duration is billed on demand. */
#define LINE_COMPUTE(name, without)                                                      \
	{                                                                                \
		.item = (name), .price_key = "lambda.duration.{arch}",                   \
		.quantity = USAGE_AWS_MB_MS, .less = (without),                          \
		.unit_size = PLAN_MB_MS_PER_GB_S, .unit = "GB-s",                        \
		.free_tier_key = "lambda.free.duration"                                  \
	}

#define LINE_EPHEMERAL                                                                   \
	{                                                                                \
		.item = "ephemeral_extra", .price_key = "lambda.ephemeral",              \
		.quantity = USAGE_AWS_TMP_MB_MS, .unit_size = PLAN_MB_MS_PER_GB_S,       \
		.unit = "GB-s", .optional = true                                         \
	}

/* A GB of a stream is 1024 MB (the page's example says so). */
#define LINE_STREAMING(bytes, grant)                                                     \
	{                                                                                \
		.item = "streaming", .price_key = "lambda.streaming",                    \
		.quantity = (bytes), .unit_size = 1ULL << 30, .unit = "GB",              \
		.free_tier_key = (grant), .optional = true                               \
	}

#define LINES_STREAMING                                                                  \
	LINE_STREAMING(STATED_AWS_STREAM_BYTES, "lambda.free.streaming"),                \
	    LINE_STREAMING(STATED_AWS_STREAM_PAID_BYTES, NULL)

#endif
