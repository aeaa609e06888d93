/* The certificate and key that the server shows, exchangeable while it runs. */
#ifndef COLDMETER_SERVE_HTTP_TLS_H
#define COLDMETER_SERVE_HTTP_TLS_H

#include <gnutls/abstract.h>

/* TLS 1.2 and 1.3 only (RFC 8996 retires what was before), else GnuTLS's defaults. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct tls;

/* Reads a certificate (PEM, with its chain) and its key. A key that others than its owner
 * and group can read, or that is not the certificate's, is refused. 0 or a negative
 * errno, said. */
int tls_open(const char *cert_file, const char *key_file, struct tls **out);
void tls_close(struct tls *tls);

/* Reads both files again, for handshakes from now on; any thread. 0, or a negative errno,
 * said: then the ones before stay. */
int tls_reload(struct tls *tls);

/* Hands out copies for one handshake, which GnuTLS releases: as in
 * gnutls_certificate_retrieve_function3. 0 or -1. */
int tls_hand_out(struct tls *tls, gnutls_pcert_st **certs, unsigned int *certs_n,
    gnutls_privkey_t *key);

#endif
