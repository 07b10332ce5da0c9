/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as the body of a webhook: whatever they are, there is one report of them, always the same, that
 * the codec writes and reads again; only what is JSON has an event, and only what has an id is named by it.
 */
#include <string.h>

#include "producers/webhooks/flutterwave.h"
#include "schemas/json.h"
#include "shared/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static void look_at_command(const struct report_record_v1 *said)
{
    struct report_record_v1 again;
    CLEANUP(buf_done) struct buf text = {0};
    codec_encode(&report_record_v1_schema, said, CODEC_ALL, &text);
    LAW(codec_decode(&report_record_v1_schema, buf_as_span(&text), &again, NULL) == 0);
    LAW(memcmp(said, &again, sizeof again) == 0);
}

/* By its digest alone: another byte would make another report. */
static void look_at_name(const struct flutterwave_report *report)
{
    struct id digest;
    const struct span parts[] = {SPAN("report"), SPAN("flutterwave"), SPAN("digest"),
                                 span_of(report->data.digest)};
    id_v8(parts, 4, &digest);
    LAW(!id_none(&report->command) && !id_none(&report->subject));
    if (id_same(&report->command, &digest))
        LAW(!report->data.has_provider_id);
    if (report->data.event_kind == REPORT_KIND_UNREADABLE)
        LAW(id_same(&report->command, &digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span body = {(const char *)data, size};
    static struct flutterwave_report report, again;
    flutterwave_read(body, &report);
    flutterwave_read(body, &again);
    LAW(memcmp(&report, &again, sizeof report) == 0);
    look_at_command(&report.data);
    look_at_name(&report);
    size_t at;
    const char *reason;
    if (scan_check(body, &at, &reason) != 0)
        LAW(report.data.event_kind == REPORT_KIND_UNREADABLE && !report.has_sent);
    return 0;
}
