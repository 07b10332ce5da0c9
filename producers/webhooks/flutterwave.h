/* SPDX-License-Identifier: Apache-2.0
 * Flutterwave's webhooks, whatever their shape, as one flat report: v4's envelope, v3's envelope, the flat
 * charge from before it and v3's flat refund. Only what is no person's is taken over. Pure: no clock, no I/O.
 */
#ifndef COLIS_PRODUCERS_WEBHOOKS_FLUTTERWAVE_H
#define COLIS_PRODUCERS_WEBHOOKS_FLUTTERWAVE_H

#include "schemas/messages.h"

struct flutterwave_report {
    struct report_record_v1 data;
    struct id command, subject; /* of the same event the same, in whichever copy */
    bool has_sent;
    int64_t sent_ms; /* v4: when the provider made it; the signature covers it */
};

/* Never fails: what is no JSON is a report (unreadable), and so is what has no shape we know (unknown). A
 * value that does not fit report.record is left out.
 * An event is one by v4's (id, type, data.id, data.status), v3's (event, data.id, data.status), where a flat
 * charge is a charge.completed; one without any id by the digest of its bytes. */
void flutterwave_read(struct span body, struct flutterwave_report *ret_report);

#endif
