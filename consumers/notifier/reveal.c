/* SPDX-License-Identifier: Apache-2.0
 * A secret goes to whom it is for, and only while it is good. The token stands behind the # of a page's
 * address: browsers keep that part to themselves, so it is in no server's log. */
#include "consumers/notifier/reveal.h"

#include <stdio.h>
#include <string.h>

#include "shared/links/curl_http.h"
#include "shared/run/handover.h"

static char web_url[REVEAL_WEB_URL];

/* clang-format off */
const struct setting reveal_settings[] = {
    {"web_url", SETTING_TEXT, "", 0, sizeof web_url - 1,
     .help = "where the pages are that people open: a recipient's link is this and /recipient#TOKEN; empty: the token alone",
     .target = web_url, .size = sizeof web_url},
    {0},
};
/* clang-format on */

int reveal_keys_read(struct reveal_keys *ret_keys)
{
    TRY(handover_key_read(&ret_keys->handover));
    TRY(link_key_read(&ret_keys->link));
    if (web_url[0] == '\0')
        return 0;
    TRY(web_url_check("web_url", web_url));
    if (strpbrk(web_url, "#? \"<>"))
        return error_new(ERROR_SETTINGS, "web_url: must end with a path, without ? and #");
    while (web_url[strlen(web_url) - 1] == '/')
        web_url[strlen(web_url) - 1] = '\0';
    return 0;
}

static void write_link(const struct reveal_keys *keys, const struct queue_claim *claim,
                       char ret_link[REVEAL_LINK])
{
    char token[LINK_TEXT];
    const struct link link = {claim->booking.id, claim->recipient_n};
    link_make(&keys->link, &link, token);
    (void)snprintf(ret_link, REVEAL_LINK, "%s%s%s", web_url, web_url[0] ? "/recipient#" : "", token);
}

/* Only the newest issue opens anything, and only to the one it was issued for, until the parcel is theirs. */
static bool code_is_good(const struct queue_claim *claim, const struct booking_code_issued_v1 *issued)
{
    bool open =
        claim->booking.state == BOOKING_STATUS_COLLECTED || claim->booking.state == BOOKING_STATUS_DISPUTED;
    return open && issued->issue == claim->booking.delivery_code.issue &&
           (!issued->has_recipient_n || issued->recipient_n == claim->recipient_n);
}

static int reveal_code(const struct reveal_keys *keys, struct queue_claim *claim,
                       struct revealed *ret_revealed)
{
    struct booking_code_issued_v1 issued;
    if (codec_decode(&booking_code_issued_v1_schema, claim->notice.data, &issued, NULL) != 0 ||
        !code_is_good(claim, &issued))
        return REVEAL_SUPERSEDED;
    code_make(&keys->handover, &claim->booking.id, CODE_PURPOSE_DELIVERY, issued.issue, ret_revealed->code);
    claim->notice.code = ret_revealed->code;
    return 0;
}

static int reveal_to_recipient(const struct reveal_keys *keys, struct queue_claim *claim,
                               struct revealed *ret_revealed)
{
    if (!claim->has_booking || !claim->has_parcel || claim->recipient_n != claim->parcel.recipient_n)
        return REVEAL_SUPERSEDED;
    write_link(keys, claim, ret_revealed->link);
    claim->notice.link = ret_revealed->link;
    if (strcmp(claim->purpose, "booking.code_issued/delivery") == 0)
        return reveal_code(keys, claim, ret_revealed);
    return 0;
}

int reveal(const struct reveal_keys *keys, struct queue_claim *claim, struct revealed *ret_revealed)
{
    const struct notice_row *row = notice_of(claim->purpose);
    if (row && row->audience == AUDIENCE_RECIPIENT)
        return reveal_to_recipient(keys, claim, ret_revealed);
    if (row && (row->audience == AUDIENCE_SEEKERS || row->audience == AUDIENCE_PERSON_BEFORE) &&
        !claim->wanted)
        return REVEAL_SUPERSEDED;
    if (strcmp(claim->purpose, "payment.link_ready") == 0 && !claim->notice.pay_link)
        return REVEAL_SUPERSEDED;
    return 0;
}
