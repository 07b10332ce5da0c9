/* SPDX-License-Identifier: Apache-2.0
 * A provider's API by HTTP(S) through libcurl: one blocking handle that keeps its connection, used by one
 * thread. What it answers tells whether the request can have been taken: who asked for something to be made
 * must ask about it, and not again for it, after WEB_UNKNOWN. Nothing of the process's surroundings counts:
 * no proxy, no .netrc, no redirect is followed. */
#ifndef COLIS_LINKS_CURL_HTTP_H
#define COLIS_LINKS_CURL_HTTP_H

#include <stdint.h>

#include "shared/base/buf.h"
#include "shared/base/cleanup.h"

enum web_outcome {
    WEB_ANSWERED = 0, /* an HTTP reply, whole: its status says the rest */
    WEB_AWAY = 1,     /* nothing of the request was sent */
    WEB_UNKNOWN = 2,  /* sent, and no whole reply came: it may have been done */
};

struct web;
/* timeout_ms: one call, from connecting to the reply's last byte. body_most: a longer reply is WEB_UNKNOWN.
 */
MUST_CHECK int web_new(int64_t timeout_ms, size_t body_most, struct web **ret_web);
void web_free(struct web *web);
DEFINE_CLEANUP(struct web, web_free)

/* http:// only to loopback. ERROR_SETTINGS with the setting's name where url is not such a one. */
MUST_CHECK int web_url_check(const char *setting, const char *url);

enum { WEB_HEADERS = 4, WEB_RETRY_MOST_S = 3600 };
struct web_call {
    const char *method, *url; /* with a body, a method that makes something: it is sent once, or never */
    const char *headers[WEB_HEADERS]; /* "Name: value", to the first NULL */
    struct span body;                 /* data NULL: none */
};
struct web_reply {
    int status;
    int64_t retry_after_s; /* 0: it did not say; at most WEB_RETRY_MOST_S */
    struct buf body;
};
void web_reply_done(struct web_reply *reply);

/* ret_reply: zeroed, or used before. */
MUST_CHECK int web_call(struct web *web, const struct web_call *call, struct web_reply *ret_reply);
/* Of the newest call that was not WEB_ANSWERED. Holds nothing of the request. Never NULL. */
const char *web_why(const struct web *web);
/* value as it stands in a URL's query: percent-encoded, appended. */
void web_escape(struct span value, struct buf *to);

#endif
