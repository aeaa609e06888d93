#include "alerts/peer_service.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What the file is: https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html.
 * Here are its entries of DYNAMODB, and some of S3, which each belong to that service
 * alone; from the copies at https://github.com/joetek/aws-ip-ranges-json, commits
 * 0c2d0ad474d1 and 00e85d09da14. A range that is not here leaves a service unknown. */
#define AWS_RANGES "https://ip-ranges.amazonaws.com/ip-ranges.json"

static const struct peer_service dynamodb = {"Amazon DynamoDB", AWS_RANGES};
static const struct peer_service s3 = {"Amazon S3", AWS_RANGES};
static const struct peer_service metadata = {"the instance metadata of a provider",
    "https://docs.aws.amazon.com/AWSEC2/latest/"
    "UserGuide/instancedata-data-retrieval.html"};
static const struct peer_service ecs = {"the task credentials of Amazon ECS",
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"};
static const struct peer_service eks = {"the pod identities of Amazon EKS",
    "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html"};
static const struct peer_service azure = {"the platform address of Azure",
    "https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16"};
static const struct peer_service google = {
    "Google's APIs", "https://cloud.google.com/vpc/docs/configure-private-google-access"};

static const struct range {
	const char *first;
	int bits;
	const struct peer_service *service;
} ranges[] = {
    {"168.63.129.16", 32, &azure},
    {"169.254.169.254", 32, &metadata},
    {"169.254.170.2", 32, &ecs},
    {"169.254.170.23", 32, &eks},
    {"199.36.153.4", 30, &google},
    {"199.36.153.8", 30, &google},
    {"3.218.180.0", 22, &dynamodb},
    {"13.248.64.0", 23, &dynamodb},
    {"13.248.68.0", 23, &dynamodb},
    {"13.248.70.0", 24, &dynamodb},
    {"52.82.187.0", 24, &dynamodb},
    {"52.94.0.0", 20, &dynamodb},
    {"52.94.16.0", 22, &dynamodb},
    {"52.94.20.0", 24, &dynamodb},
    {"52.94.22.0", 23, &dynamodb},
    {"52.94.24.0", 21, &dynamodb},
    {"52.119.224.0", 20, &dynamodb},
    {"52.119.240.0", 21, &dynamodb},
    {"52.119.248.0", 23, &dynamodb},
    {"52.119.252.0", 22, &dynamodb},
    {"54.222.57.0", 24, &dynamodb},
    {"3.5.36.0", 22, &s3},
    {"3.5.40.0", 22, &s3},
    {"3.5.48.0", 22, &s3},
    {"3.5.72.0", 23, &s3},
    {"3.5.128.0", 22, &s3},
    {"3.5.136.0", 21, &s3},
    {"3.5.152.0", 21, &s3},
    {"3.5.160.0", 21, &s3},
    {"3.5.184.0", 21, &s3},
    {"3.5.204.0", 22, &s3},
    {"3.5.208.0", 22, &s3},
    {"3.5.228.0", 22, &s3},
    {"3.5.240.0", 22, &s3},
    {"3.5.252.0", 22, &s3},
    {"16.12.2.0", 24, &s3},
    {"16.12.6.0", 23, &s3},
    {"16.12.10.0", 23, &s3},
    {"16.12.16.0", 23, &s3},
    {"16.12.20.0", 24, &s3},
    {"16.12.24.0", 21, &s3},
    {"16.12.32.0", 22, &s3},
    {"16.12.44.0", 24, &s3},
    {"16.12.48.0", 21, &s3},
    {"16.12.58.0", 24, &s3},
    {"18.34.0.0", 19, &s3},
    {"18.34.72.0", 21, &s3},
    {"52.95.128.0", 21, &s3},
    {"52.95.136.0", 23, &s3},
    {"52.95.139.0", 24, &s3},
    {"52.95.140.0", 23, &s3},
    {"52.95.148.0", 22, &s3},
    {"52.95.156.0", 22, &s3},
    {"52.95.160.0", 23, &s3},
    {"52.95.162.0", 24, &s3},
    {"52.95.166.0", 23, &s3},
    {"52.95.168.0", 23, &s3},
    {"52.95.174.0", 24, &s3},
    {"52.95.176.0", 24, &s3},
    {"52.95.178.0", 23, &s3},
    {"52.95.182.0", 23, &s3},
    {"52.95.187.0", 24, &s3},
    {"52.216.0.0", 15, &s3},
    {"52.218.0.0", 17, &s3},
    {"52.219.0.0", 20, &s3},
    {"52.219.16.0", 22, &s3},
    {"52.219.32.0", 21, &s3},
    {"52.219.60.0", 22, &s3},
    {"52.219.68.0", 22, &s3},
    {"52.219.72.0", 22, &s3},
    {"52.219.96.0", 20, &s3},
    {"52.219.141.0", 24, &s3},
    {"52.219.142.0", 23, &s3},
    {"52.219.148.0", 23, &s3},
    {"52.219.162.0", 23, &s3},
    {"52.219.168.0", 24, &s3},
    {"52.219.170.0", 23, &s3},
    {"52.219.192.0", 23, &s3},
    {"52.219.204.0", 22, &s3},
    {"52.219.212.0", 22, &s3},
    {"54.222.100.0", 22, &s3},
    {"54.231.0.0", 16, &s3},
    {"108.175.52.0", 22, &s3},
    {"108.175.56.0", 21, &s3},
};

static bool is_in(const struct range *range, uint32_t address)
{
	uint32_t mask = range->bits ? UINT32_MAX << (32 - range->bits) : 0;
	struct in_addr first;

	return inet_pton(AF_INET, range->first, &first) == 1 &&
	       ((ntohl(first.s_addr) ^ address) & mask) == 0;
}

const struct peer_service *peer_service_of(const char *peer)
{
	char text[INET_ADDRSTRLEN];
	size_t n = strcspn(peer, ":");
	struct in_addr address;

	if (n >= sizeof(text) || !peer[n])
		return NULL;
	memcpy(text, peer, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, &address) != 1)
		return NULL;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (is_in(&ranges[i], ntohl(address.s_addr)))
			return ranges[i].service;
	return NULL;
}

const char *peer_port(const char *peer)
{
	const char *colon = strrchr(peer, ':');
	size_t n = colon ? strspn(colon + 1, "0123456789") : 0;

	return n > 0 && n <= 5 && !colon[1 + n] ? colon + 1 : NULL;
}
