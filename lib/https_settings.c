#include "lib/https_settings.h"

CURLcode https_set_transport(CURL *c, long connect_limit_s, long request_limit_s)
{
	CURLcode r = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	r = r ? r : curl_easy_setopt(c, CURLOPT_PROXY, "");
	r = r ? r : curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	r = r ? r : curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	r = r ? r : curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	r = r ? r : curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, connect_limit_s);
	return r ? r : curl_easy_setopt(c, CURLOPT_TIMEOUT, request_limit_s);
}

CURLcode https_set_tls(CURL *c, const struct tls_files *files)
{
	CURLcode r = curl_easy_setopt(c, CURLOPT_SSLVERSION,
	                              (long)(CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3));
	r = r ? r : curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	r = r ? r : curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	r = r ? r : curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	r = r ? r : curl_easy_setopt(c, CURLOPT_CAINFO, files->ca);
	r = r ? r : curl_easy_setopt(c, CURLOPT_SSLCERT, files->certificate);
	r = r ? r : curl_easy_setopt(c, CURLOPT_SSLKEY, files->key);
	return r ? r : curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

bool https_add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (longer)
		*list = longer;
	return longer;
}
