// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// HTTP and HTTPS check: a request is answered with an expected status. What a backend sends is not trusted: no
// redirects, no other protocol, no proxy, bounded header, body and time, a fresh connection each.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "../config_value.h"
#include "check.h"

#define BODY_MAX 65536
#define HEADER_MAX 32768
#define CA_KEPT_S 60

struct probe {
	struct cp_curl_loop *loop;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *target; // https: where the name is reached
	size_t header_bytes;
	size_t body_bytes;
	int local_error; // errno of a want on this host
};

static void stop(struct cp_check *check)
{
	struct probe *probe = check->probe;

	if (!probe)
		return;
	check->probe = NULL;
	if (probe->easy) {
		cp_curl_loop_remove(probe->loop, probe->easy);
		curl_easy_cleanup(probe->easy);
	}
	curl_slist_free_all(probe->headers);
	curl_slist_free_all(probe->target);
	free(probe);
}

// Body and header are counted and thrown away. Too much ends the transfer.
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct probe *probe = context;

	probe->body_bytes += size * count;
	return probe->body_bytes > BODY_MAX ? 0 : size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	struct probe *probe = context;

	probe->header_bytes += size * count;
	return probe->header_bytes > HEADER_MAX ? 0 : size * count;
}

// curl does not mark its sockets close-on-exec; poised starts other programs.
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct probe *probe = context;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (fd < 0)
		probe->local_error = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static bool tls(const struct cp_check *check)
{
	return check->params.ops == &cp_check_https;
}

// Says nothing of what the certificate says: that is the backend's text.
static void explain_certificate(const struct cp_check *check, const struct probe *probe, char *reason, size_t size)
{
	long error = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_SSL_VERIFYRESULT, &error);
	if (error > 1) // curl leaves its initial 1 there when a trusted chain is of another name
		snprintf(reason, size, "certificate is not trusted (X509 error %ld)", error);
	else
		snprintf(reason, size, "certificate is not for %.64s",
			 check->params.settings.server_name ? check->params.settings.server_name : "the address");
}

static void explain(const struct cp_check *check, const struct probe *probe, CURLcode result, long status,
		    char *reason, size_t size)
{
	const struct cp_health *settings = &check->params.settings;
	long error = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	if (result == CURLE_OK)
		snprintf(reason, size, "status %ld, expected %s", status, settings->expect);
	else if (result == CURLE_OPERATION_TIMEDOUT)
		snprintf(reason, size, "no answer within %u ms", settings->timeout_ms);
	else if (result == CURLE_COULDNT_CONNECT && error)
		snprintf(reason, size, "%s", strerror((int)error));
	else if (result == CURLE_WRITE_ERROR && probe->header_bytes > HEADER_MAX)
		snprintf(reason, size, "header is larger than %d KiB", HEADER_MAX / 1024);
	else if (result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_WEIRD_SERVER_REPLY)
		snprintf(reason, size, "answer is not HTTP/1");
	else if (result == CURLE_PEER_FAILED_VERIFICATION)
		explain_certificate(check, probe, reason, size);
	else if (result == CURLE_SSL_CONNECT_ERROR)
		snprintf(reason, size, "TLS handshake failed");
	else if (result == CURLE_GOT_NOTHING)
		snprintf(reason, size, "closed without an answer");
	else
		snprintf(reason, size, "%s", curl_easy_strerror(result));
}

static void on_done(struct cp_check *check, int code)
{
	struct probe *probe = check->probe;
	CURLcode result = (CURLcode)code;
	char reason[96] = "";
	long status = 0, error = 0;
	curl_off_t began_us = 0;
	bool good;

	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	if (!probe->local_error && result == CURLE_COULDNT_CONNECT && cp_check_local((int)error))
		probe->local_error = (int)error;
	if (result == CURLE_SSL_CACERT_BADFILE) { // ours, not the backend's
		stop(check);
		cp_check_impossible(check, "the file of ca cannot be read as certificates");
		return;
	}
	// curl also says so when one line of a header does not end.
	curl_easy_getinfo(probe->easy, CURLINFO_STARTTRANSFER_TIME_T, &began_us);
	if (result == CURLE_OUT_OF_MEMORY && began_us > 0) {
		probe->header_bytes = HEADER_MAX + 1;
		result = CURLE_WRITE_ERROR;
	}
	if (probe->local_error || result == CURLE_OUT_OF_MEMORY) {
		error = probe->local_error ? probe->local_error : ENOMEM;
		stop(check);
		cp_check_impossible(check, strerror((int)error));
		return;
	}
	// A page that is larger than what we read has answered all the same.
	if (result == CURLE_WRITE_ERROR && probe->body_bytes > BODY_MAX)
		result = CURLE_OK;
	good = result == CURLE_OK && status > 0 &&
	       cp_value_ranges(check->params.settings.expect, 100, 599, (uint32_t)status, &good) && good;
	if (!good)
		explain(check, probe, result, status, reason, sizeof(reason));
	stop(check);
	cp_check_done(check, good, reason);
}

// The name is for SNI and the certificate only: the connection goes to the backend's address, whatever a
// resolver would say.
static bool set_tls(struct cp_check *check, struct probe *probe, const char *host)
{
	const struct cp_health *settings = &check->params.settings;
	char target[INET_ADDRSTRLEN + 16];

	snprintf(target, sizeof(target), "::%s:%u", host, check->params.port);
	probe->target = curl_slist_append(NULL, target);
	curl_easy_setopt(probe->easy, CURLOPT_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
	curl_easy_setopt(probe->easy, CURLOPT_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
	curl_easy_setopt(probe->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	// Reading all authorities of the system takes 30 ms, so curl keeps them, which it does for a file alone.
	curl_easy_setopt(probe->easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(probe->easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_KEPT_S);
	return probe->target && curl_easy_setopt(probe->easy, CURLOPT_CONNECT_TO, probe->target) == CURLE_OK &&
	       (!settings->ca || curl_easy_setopt(probe->easy, CURLOPT_CAINFO, settings->ca) == CURLE_OK);
}

static bool set_request(struct cp_check *check, struct probe *probe)
{
	const struct cp_health *settings = &check->params.settings;
	char host[INET_ADDRSTRLEN], url[1400], header[300];
	struct curl_slist *more;

	inet_ntop(AF_INET, &check->params.address, host, sizeof(host));
	if (snprintf(url, sizeof(url), "%s://%s:%u%s", tls(check) ? "https" : "http",
		     settings->server_name ? settings->server_name : host, check->params.port,
		     settings->path) >= (int)sizeof(url))
		return false;
	if (tls(check) && !set_tls(check, probe, host))
		return false;
	probe->headers = curl_slist_append(NULL, "Connection: close");
	if (settings->host && probe->headers) {
		if (snprintf(header, sizeof(header), "Host: %s", settings->host) >= (int)sizeof(header))
			return false;
		more = curl_slist_append(probe->headers, header);
		if (!more)
			return false;
	}
	return probe->headers && curl_easy_setopt(probe->easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(probe->easy, CURLOPT_HTTPHEADER, probe->headers) == CURLE_OK;
}

static bool set_limits(struct cp_check *check, struct probe *probe)
{
	CURL *easy = probe->easy;
	CURLcode result = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls(check) ? "https" : "http");

	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "poise/" POISE_VERSION);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)check->params.settings.timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)check->params.settings.timeout_ms);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, probe);
	if (check->params.settings.method == CP_HTTP_HEAD)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (check->params.settings.method == CP_HTTP_OPTIONS)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "OPTIONS");
	return result == CURLE_OK;
}

static void start(struct cp_check *check)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	check->probe = probe;
	if (probe) {
		probe->loop = cp_checks_curl(check->owner);
		probe->easy = probe->loop ? curl_easy_init() : NULL;
	}
	if (probe && probe->easy && set_limits(check, probe) && set_request(check, probe) &&
	    cp_curl_loop_add(probe->loop, probe->easy, check, on_done) == 0)
		return;
	stop(check);
	cp_check_impossible(check, "curl cannot be set up");
}

const struct cp_check_ops cp_check_http = {.name = "http", .start = start, .stop = stop};
const struct cp_check_ops cp_check_https = {.name = "https", .start = start, .stop = stop};
