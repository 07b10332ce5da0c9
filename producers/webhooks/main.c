/* SPDX-License-Identifier: Apache-2.0
 * colis-webhooks: takes what providers report.
 *
 * POST /webhooks/flutterwave → the signature over the raw bytes → the body by the schema of its shape,
 * without anything of a person → one command report.record on <namespace>.commands, keyed by the report → the
 * broker's acknowledgement → 200. Its id follows from the provider's event, so a hundred copies meet one
 * verdict.
 *
 * 200 means stored by every replica in step. 503: not stored, or nobody knows; the provider sends again.
 * 401: no signature, or a wrong one, even beside a right one. 400: a v4 event made over webhook_oldest_h ago
 * (168: an operator may ask for last week's again, and copies come up to 90 minutes late) or ahead of our
 * clock; v3 signs no time. 413: over webhook_body_bytes, before it is read.
 * Once the signature is right nothing is lost: what cannot be read is a report too, for staff to look at.
 *
 * It touches no database and believes nothing: what a report says, the payments ask the provider again.
 * It must never look into a body whose signature it has not checked, nor answer 200 before the report. */
#include <string.h>

#include "producers/webhooks/webhooks.h"
#include "shared/base/log.h"
#include "shared/run/service.h"

enum { SECRET_LEAST = 16 };

struct webhooks_values webhooks_values;

const struct setting webhooks_settings[] = {
    {"listen_host", SETTING_TEXT, "127.0.0.1", 1, sizeof(webhooks_values.listen_host) - 1,
     .help = "address to listen on", .target = webhooks_values.listen_host,
     .size = sizeof(webhooks_values.listen_host)},
    {"listen_port", SETTING_INTEGER, "8083", 0, 65535, .help = "port to listen on; 0: any",
     .target = &webhooks_values.listen_port},
    {"flutterwave_secrets", SETTING_TEXT, NULL, SECRET_LEAST, sizeof(webhooks_values.secrets) - 1,
     .secret = true,
     .help =
         "the secret hash of Flutterwave's dashboard, at least 16 bytes; several with white space between",
     .target = webhooks_values.secrets, .size = sizeof(webhooks_values.secrets)},
    {"flutterwave_signature", SETTING_CHOICE, "hmac_base64", .choices = "hmac_base64 hmac_hex literal",
     .help = "what flutterwave-signature holds: HMAC-SHA256 of the body, or the secret itself",
     .target = webhooks_values.signature, .size = sizeof(webhooks_values.signature)},
    {"webhook_body_bytes", SETTING_INTEGER, "262144", 1, 1 << 24, .help = "bytes of a webhook's body",
     .target = &webhooks_values.body_bytes},
    {"webhook_oldest_h", SETTING_INTEGER, "168", 2, 876000, .help = "hours after which a v4 event is refused",
     .target = &webhooks_values.oldest_h},
    {"webhook_ahead_s", SETTING_INTEGER, "300", 0, 315360000,
     .help = "seconds a v4 event may be ahead of our clock", .target = &webhooks_values.ahead_s},
    {0},
};

static void fail(void *self, int result)
{
    struct webhooks *webhooks = self;
    front_fail(webhooks->front, result);
}

static void ending(void *self)
{
    struct webhooks *webhooks = self;
    broker_drain(webhooks->broker);
}

static enum signature_mode mode_of(const char *word)
{
    if (strcmp(word, "literal") == 0)
        return SIGNATURE_LITERAL;
    return strcmp(word, "hmac_hex") == 0 ? SIGNATURE_HEX : SIGNATURE_BASE64;
}

static int open_broker(struct webhooks *webhooks)
{
    static const char *const topics[] = {"commands", NULL};
    const struct broker_config config = {.client = "colis-webhooks",
                                         .topics = topics,
                                         .reported = take_reported,
                                         .stepped = take_stepped,
                                         .failed = fail,
                                         .self = webhooks};
    return error_forward(broker_open(webhooks->loop, &config, &webhooks->broker));
}

static int open_front(struct webhooks *webhooks)
{
    static const struct http_route routes[] = {{"POST", "/webhooks/flutterwave", NULL}, {0}};
    static const char *const headers[] = {
        [HEADER_VERIF_HASH] = "verif-hash", [HEADER_SIGNATURE] = "flutterwave-signature", NULL};
    const struct front_config config = {
        .http = {.routes = routes,
                 .handle = take_hook,
                 .gone = take_gone,
                 .failed = fail,
                 .self = webhooks,
                 .headers = headers,
                 .host = webhooks_values.listen_host,
                 .port = (int)webhooks_values.listen_port,
                 .any_media_type = true,
                 .body_max = (size_t)webhooks_values.body_bytes},
        .ending = ending,
        .self = webhooks,
    };
    return error_forward(front_open(webhooks->loop, &config, &webhooks->front));
}

static int open_all(struct webhooks *webhooks)
{
    TRY(signature_keys_new(span_of(webhooks_values.secrets), SECRET_LEAST, mode_of(webhooks_values.signature),
                           &webhooks->keys));
    TRY(loop_new(&webhooks->loop));
    TRY(open_broker(webhooks));
    return open_front(webhooks);
}

/* The producer first: whoever still waits is told 503 while the server can still say so. */
static void close_all(struct webhooks *webhooks)
{
    broker_close(webhooks->broker);
    front_close(webhooks->front);
    loop_free(webhooks->loop);
    signature_keys_free(webhooks->keys);
    buf_done(&webhooks->text);
}

static int run(void *self)
{
    struct webhooks *webhooks = self;
    int result = open_all(webhooks);
    if (result == 0) {
        log_plain(LOG_LEVEL_INFO, "listening");
        result = front_run(webhooks->front);
    }
    close_all(webhooks);
    return error_forward(result);
}

int main(int argc, char **argv)
{
    static struct webhooks webhooks;
    static const struct setting *const settings[] = {webhooks_settings, kafka_settings, kafka_out_settings,
                                                     NULL};
    static const struct service service = {"webhooks", "takes what providers report and writes it to the bus",
                                           settings, run, &webhooks};
    return service_main(&service, argc, argv);
}
