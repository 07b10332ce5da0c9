/* SPDX-License-Identifier: Apache-2.0
 * libcurl's HTTP. Whether bytes of the request left us is libcurl's own count of them. */
#include "shared/links/curl_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/host.h"

struct web {
    CURL *handle;
    size_t body_most;
    struct buf *body; /* of the call under way */
    char why[96];
};

int web_url_check(const char *setting, const char *text)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL, *user = NULL;
    bool good = curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_USER, &user, 0) != CURLUE_OK &&
                (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && host_is_loopback(host)));

    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(url);
    return good ? 0 : error_new(ERROR_SETTINGS, "%s: must be https://..., or http:// on loopback", setting);
}

static size_t keep_body(char *data, size_t size, size_t count, void *self)
{
    struct web *web = self;
    size_t bytes = size * count;

    if (web->body->size + bytes > web->body_most)
        return 0; /* ends the transfer */
    buf_append(web->body, data, bytes);
    return bytes;
}

struct option {
    CURLoption name;
    long value;
};

static void options_set(struct web *web, int64_t timeout_ms)
{
    /* A kept connection that was idle for longer may have been closed by the server unseen. In HTTP/2 libcurl
     * sends a request up to five times more where the server says its stream is refused: see request_set. */
    const struct option numbers[] = {
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1}, /* or a name server's silence would outlast the timeout */
        {CURLOPT_TCP_KEEPALIVE, 1},
        {CURLOPT_MAXAGE_CONN, 20},
        {CURLOPT_MAXCONNECTS, 1},
        {CURLOPT_NOPROGRESS, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_TIMEOUT_MS, (long)timeout_ms},
    };

    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++)
        (void)curl_easy_setopt(web->handle, numbers[at].name, numbers[at].value);
    (void)curl_easy_setopt(web->handle, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(web->handle, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(web->handle, CURLOPT_WRITEFUNCTION, keep_body);
    (void)curl_easy_setopt(web->handle, CURLOPT_WRITEDATA, web);
}

int web_new(int64_t timeout_ms, size_t body_most, struct web **ret_web)
{
    CURL *handle = curl_easy_init();
    struct web *web;

    if (!handle)
        return error_new(ERROR_SYSTEM, "libcurl makes no handle");
    web = memory_new(1, sizeof *web);
    web->handle = handle;
    web->body_most = body_most;
    options_set(web, timeout_ms);
    *ret_web = web;
    return 0;
}

void web_free(struct web *web)
{
    if (!web)
        return;
    curl_easy_cleanup(web->handle);
    free(web);
}

void web_reply_done(struct web_reply *reply)
{
    buf_done(&reply->body);
}

static struct curl_slist *headers_of(const struct web_call *call)
{
    struct curl_slist *list = NULL;

    for (int at = 0; at < WEB_HEADERS && call->headers[at]; at++)
        list = curl_slist_append(list, call->headers[at]);
    return list;
}

/* On a kept connection that ends without a reply libcurl sends the request again by itself, on a new one. Who
 * asks for something to be made must not be asked for twice: such a request gets a connection of its own. */
static void request_set(struct web *web, const struct web_call *call)
{
    bool makes = call->body.data != NULL;
    const char *usual = makes ? "POST" : "GET";

    (void)curl_easy_setopt(web->handle, CURLOPT_URL, call->url);
    (void)curl_easy_setopt(web->handle, CURLOPT_HTTPGET, 1L);
    (void)curl_easy_setopt(web->handle, CURLOPT_FRESH_CONNECT, makes ? 1L : 0L);
    (void)curl_easy_setopt(web->handle, CURLOPT_CUSTOMREQUEST,
                           strcmp(call->method, usual) == 0 ? NULL : call->method);
    if (!makes)
        return;
    (void)curl_easy_setopt(web->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.size);
    (void)curl_easy_setopt(web->handle, CURLOPT_POSTFIELDS, call->body.data);
}

static int outcome_of(struct web *web, CURLcode result, struct web_reply *reply)
{
    long status = 0, sent = 0;
    curl_off_t retry = 0;

    (void)curl_easy_getinfo(web->handle, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(web->handle, CURLINFO_REQUEST_SIZE, &sent);
    (void)curl_easy_getinfo(web->handle, CURLINFO_RETRY_AFTER, &retry);
    reply->status = (int)status;
    reply->retry_after_s = retry < WEB_RETRY_MOST_S ? retry : WEB_RETRY_MOST_S;
    if (result == CURLE_OK)
        return WEB_ANSWERED;
    (void)snprintf(web->why, sizeof web->why, "%.90s", curl_easy_strerror(result));
    return sent == 0 ? WEB_AWAY : WEB_UNKNOWN;
}

int web_call(struct web *web, const struct web_call *call, struct web_reply *ret_reply)
{
    struct curl_slist *headers = headers_of(call);
    int outcome;

    buf_clear(&ret_reply->body);
    web->body = &ret_reply->body;
    request_set(web, call);
    (void)curl_easy_setopt(web->handle, CURLOPT_HTTPHEADER, headers);
    outcome = outcome_of(web, curl_easy_perform(web->handle), ret_reply);
    (void)curl_easy_setopt(web->handle, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return outcome;
}

const char *web_why(const struct web *web)
{
    return web->why;
}

void web_escape(struct span value, struct buf *to)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t at = 0; at < value.size; at++) {
        unsigned char byte = (unsigned char)value.data[at];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9') || strchr("-._~", byte);

        if (plain && byte != '\0') {
            buf_byte(to, (char)byte);
        } else {
            buf_byte(to, '%');
            buf_byte(to, hex[byte >> 4]);
            buf_byte(to, hex[byte & 15]);
        }
    }
}
