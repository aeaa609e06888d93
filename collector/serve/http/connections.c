/* A client is an address, or the /64 of one: whoever has one address of IPv6 has them
 * all. */
#include "serve/http/connections.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define CLIENTS_MAX 4096 /* above the connections, so that one without any can go */
#define BURST_S 5        /* what a client did not use for so long it may use at once */

struct client {
	uint64_t key[2];
	bool used;
	unsigned int connections_n;
	double left; /* requests that it may make, as of filled_ns */
	uint64_t filled_ns;
	uint64_t seen_ns;
};

struct connection {
	struct connection *next;
	struct connection **link;
	void *context;
	struct client *client;
	int fd;
	bool one_too_many;
	uint64_t due_ns; /* UINT64_MAX: never */
};

int connections_init(struct connections *all)
{
	*all = (struct connections){0};
	all->clients = calloc(CLIENTS_MAX, sizeof(all->clients[0]));
	if (!all->clients)
		return -ENOMEM;
	(void)pthread_mutex_init(&all->mutex, NULL);
	return 0;
}

void connections_done(struct connections *all)
{
	if (all->clients)
		(void)pthread_mutex_destroy(&all->mutex);
	free(all->clients);
	all->clients = NULL;
}

static void read_key(const struct sockaddr *from, uint64_t key[2])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	key[0] = key[1] = from ? from->sa_family : 0;
	if (from && from->sa_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		key[1] = v4.sin_addr.s_addr;
	} else if (from && from->sa_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		memcpy(&key[1], v6.sin6_addr.s6_addr, sizeof(key[1]));
	}
}

/* The one of that key, or the place for it: a free one, else of those without connections
 * the one that was seen longest ago, which a scan of the table finds. Connections are far
 * fewer than requests, so that 4096 rows do not matter. */
static struct client *find_client(struct connections *all, const uint64_t key[2])
{
	struct client *best = NULL;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &all->clients[i];

		if (c->used && memcmp(c->key, key, sizeof(c->key)) == 0)
			return c;
		if (c->connections_n == 0 && (!best || c->seen_ns < best->seen_ns))
			best = c;
	}
	if (!best)
		return NULL;
	*best = (struct client){.key = {key[0], key[1]},
	    .used = true,
	    .left = (double)all->limits.requests_per_s * BURST_S};
	return best;
}

static uint64_t due(uint64_t now_ns, unsigned int within_s)
{
	return within_s ? now_ns + within_s * (uint64_t)CLOCK_NS_PER_S : UINT64_MAX;
}

struct connection *connections_add(struct connections *all, int fd,
    const struct sockaddr *from, uint64_t now_ns, void *context)
{
	struct connection *c = calloc(1, sizeof(*c));
	uint64_t key[2];

	if (!c)
		return NULL;
	c->fd = fd;
	c->context = context;
	c->due_ns = due(now_ns, CONNECTION_HEAD_S);
	read_key(from, key);
	(void)pthread_mutex_lock(&all->mutex);
	c->client = find_client(all, key);
	if (c->client) {
		c->client->connections_n++;
		c->client->seen_ns = now_ns;
		c->one_too_many = all->limits.connections &&
				  c->client->connections_n > all->limits.connections;
	}
	c->next = all->first;
	c->link = &all->first;
	if (c->next)
		c->next->link = &c->next;
	all->first = c;
	all->counts.connections++;
	all->counts.connections_open++;
	(void)pthread_mutex_unlock(&all->mutex);
	return c;
}

void connections_remove(struct connections *all, struct connection *c)
{
	if (!c)
		return;
	(void)pthread_mutex_lock(&all->mutex);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	if (c->client)
		c->client->connections_n--;
	all->counts.connections_open--;
	(void)pthread_mutex_unlock(&all->mutex);
	free(c);
}

void *connection_context(const struct connection *c)
{
	return c ? c->context : NULL;
}

/* A bucket that fills by the limit each second. */
static int take_one(struct client *client, unsigned int per_s, uint64_t now_ns)
{
	double passed_s = (double)(now_ns - client->filled_ns) / 1e9;

	client->seen_ns = now_ns;
	client->filled_ns = now_ns;
	client->left += passed_s * per_s;
	if (client->left > (double)per_s * BURST_S)
		client->left = (double)per_s * BURST_S;
	if (client->left < 1)
		return 1;
	client->left -= 1;
	return 0;
}

int connections_admit(
    struct connections *all, struct connection *c, uint64_t now_ns, bool *close)
{
	int wait_s = 0;

	*close = false;
	if (!c || !c->client)
		return 0;
	(void)pthread_mutex_lock(&all->mutex);
	if (c->one_too_many) {
		*close = true;
		wait_s = BURST_S;
	} else if (all->limits.requests_per_s) {
		wait_s = take_one(c->client, all->limits.requests_per_s, now_ns);
	}
	(void)pthread_mutex_unlock(&all->mutex);
	return wait_s;
}

void connections_expect(
    struct connections *all, struct connection *c, uint64_t now_ns, unsigned int within_s)
{
	if (!c)
		return;
	(void)pthread_mutex_lock(&all->mutex);
	c->due_ns = due(now_ns, within_s);
	(void)pthread_mutex_unlock(&all->mutex);
}

size_t connections_sweep(struct connections *all, uint64_t now_ns)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&all->mutex);
	for (struct connection *c = all->first; c; c = c->next) {
		if (c->due_ns > now_ns)
			continue;
		/* The server sees the end and closes it; until then it is in the list,
		 * so that the descriptor is still this connection's. */
		(void)shutdown(c->fd, SHUT_RDWR);
		c->due_ns = UINT64_MAX;
		n++;
	}
	all->counts.cut_off += n;
	(void)pthread_mutex_unlock(&all->mutex);
	return n;
}

void connections_count(struct connections *all, unsigned int status)
{
	(void)pthread_mutex_lock(&all->mutex);
	all->counts.requests++;
	all->counts.unauthorized += status == 401 || status == 403;
	all->counts.limited += status == 429;
	all->counts.refused += status >= 400 && status < 500;
	all->counts.failed += status >= 500;
	(void)pthread_mutex_unlock(&all->mutex);
}
