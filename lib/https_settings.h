/* What each of our HTTPS clients demands of libcurl: HTTP/1.1 over TLS 1.3 and nothing else, no proxy, no
 * authorities but those given. */
#ifndef SWORNLOG_LIB_HTTPS_SETTINGS_H
#define SWORNLOG_LIB_HTTPS_SETTINGS_H

#include <curl/curl.h>

#include "lib/tls.h"

must_check CURLcode https_set_transport(CURL *c, long connect_limit_s, long request_limit_s);
/* The server's chain is verified, and its name is the URL's, unless the caller compares something better.
 * Each file may be NULL; libcurl copies the names. */
must_check CURLcode https_set_tls(CURL *c, const struct tls_files *files);
/* False: no memory. */
must_check bool https_add_header(struct curl_slist **list, const char *line);

#endif
