/* The files are kept in memory as they are and parsed for each handshake: microseconds of
 * its millisecond, and nothing that a handshake still uses is ever exchanged under it. */
#include "serve/http/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"

#define FILE_MAX_BYTES 65536 /* a chain of ten certificates has about 20,000 */
#define CHAIN_MAX 16

struct tls {
	char *cert_file;
	char *key_file;
	pthread_mutex_t mutex; /* over what follows */
	gnutls_datum_t cert;
	gnutls_datum_t key;
};

static void wipe(gnutls_datum_t *bytes)
{
	if (bytes->data)
		explicit_bzero(bytes->data, bytes->size);
	free(bytes->data);
	*bytes = (gnutls_datum_t){0};
}

static int read_whole(FILE *file, gnutls_datum_t *out)
{
	AUTO(free) unsigned char *bytes = malloc(FILE_MAX_BYTES);
	size_t n;

	if (!bytes)
		return -ENOMEM;
	errno = 0;
	n = fread(bytes, 1, FILE_MAX_BYTES, file);
	if (ferror(file))
		return errno ? -errno : -EIO;
	if (n == FILE_MAX_BYTES)
		return -EFBIG;
	*out = (gnutls_datum_t){.data = TAKE(bytes), .size = (unsigned int)n};
	return 0;
}

/* A key may belong to a group, as /etc/ssl/private does in Debian, but not to everybody.
 */
static int read_file(const char *path, bool secret, gnutls_datum_t *out)
{
	AUTO(file) FILE *file = fopen(path, "re");
	struct stat status;
	int err;

	if (!file || fstat(fileno(file), &status) < 0)
		return log_error(-errno, "cannot read %s", path);
	if (secret && (status.st_mode & (S_IRWXO | S_IWGRP))) {
		(void)log_error(0, "%s: others can read this key: chmod 600 it", path);
		return -EPERM;
	}
	(void)setvbuf(file, NULL, _IONBF, 0); /* no copy of a key in a buffer of libc */
	err = read_whole(file, out);
	return err ? log_error(err, "cannot read %s", path) : 0;
}

static int check_pair(
    const struct tls *tls, const gnutls_datum_t *cert, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t both;
	int said = gnutls_certificate_allocate_credentials(&both);

	if (said < 0)
		return -ENOMEM;
	said = gnutls_certificate_set_x509_key_mem(both, cert, key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(both);
	if (said >= 0)
		return 0;
	(void)log_error(0, "%s and %s are no certificate and its key: %s", tls->cert_file,
	    tls->key_file, gnutls_strerror(said));
	return -EINVAL;
}

int tls_reload(struct tls *tls)
{
	gnutls_datum_t cert = {0};
	gnutls_datum_t key = {0};
	int err = read_file(tls->cert_file, false, &cert);

	if (!err)
		err = read_file(tls->key_file, true, &key);
	if (!err)
		err = check_pair(tls, &cert, &key);
	if (!err) {
		gnutls_datum_t old_cert = tls->cert;
		gnutls_datum_t old_key = tls->key;

		(void)pthread_mutex_lock(&tls->mutex);
		tls->cert = cert;
		tls->key = key;
		(void)pthread_mutex_unlock(&tls->mutex);
		cert = old_cert;
		key = old_key;
	}
	wipe(&cert);
	wipe(&key);
	return err;
}

int tls_open(const char *cert_file, const char *key_file, struct tls **out)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int err;

	if (!tls)
		return -ENOMEM;
	(void)pthread_mutex_init(&tls->mutex, NULL);
	tls->cert_file = strdup(cert_file);
	tls->key_file = strdup(key_file);
	err = tls->cert_file && tls->key_file ? tls_reload(tls) : -ENOMEM;
	if (err) {
		tls_close(tls);
		return err;
	}
	*out = tls;
	return 0;
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	wipe(&tls->cert);
	wipe(&tls->key);
	(void)pthread_mutex_destroy(&tls->mutex);
	free(tls->cert_file);
	free(tls->key_file);
	free(tls);
}

static int parse_key(const gnutls_datum_t *bytes, gnutls_privkey_t *out)
{
	if (gnutls_privkey_init(out) < 0)
		return -1;
	if (gnutls_privkey_import_x509_raw(*out, bytes, GNUTLS_X509_FMT_PEM, NULL, 0) <
	    0) {
		gnutls_privkey_deinit(*out);
		return -1;
	}
	return 0;
}

static int parse_both(
    struct tls *tls, gnutls_pcert_st *certs, unsigned int *certs_n, gnutls_privkey_t *key)
{
	int said = gnutls_pcert_list_import_x509_raw(
	    certs, certs_n, &tls->cert, GNUTLS_X509_FMT_PEM, 0);

	if (said < 0)
		return -1;
	if (parse_key(&tls->key, key) == 0)
		return 0;
	for (unsigned int i = 0; i < *certs_n; i++)
		gnutls_pcert_deinit(&certs[i]);
	return -1;
}

int tls_hand_out(struct tls *tls, gnutls_pcert_st **certs, unsigned int *certs_n,
    gnutls_privkey_t *key)
{
	gnutls_pcert_st *chain = gnutls_calloc(CHAIN_MAX, sizeof(*chain));
	unsigned int n = CHAIN_MAX;
	int err = -1;

	if (!chain)
		return -1;
	(void)pthread_mutex_lock(&tls->mutex);
	err = parse_both(tls, chain, &n, key);
	(void)pthread_mutex_unlock(&tls->mutex);
	if (err) {
		gnutls_free(chain);
		return -1;
	}
	*certs = chain;
	*certs_n = n;
	return 0;
}
