/* SPDX-License-Identifier: Apache-2.0
 * CloudEvents 1.0, Kafka binding, binary mode: a message on the bus as attributes and data, and the same as
 * the name, value pairs of record headers. */
#ifndef COLIS_SCHEMAS_EVENT_H
#define COLIS_SCHEMAS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buf.h"
#include "shared/base/id.h"

enum { EVENT_HEADERS = 18, EVENT_SEQUENCE_DIGITS = 10 };

struct event {
    struct id id;         /* ce_id */
    char source[64];      /* ce_source: "/ingress" */
    char type[64];        /* ce_type */
    char subject[80];     /* ce_subject: "parcel/8c1e..." */
    int64_t time_ms;      /* ce_time: when its writer made it */
    char dataschema[96];  /* ce_dataschema: "/schemas/commands/parcel.register.v1" */
    char key[80];         /* ce_partitionkey, and the record's key */
    int64_t sequence;     /* ce_sequence: the aggregate's version, facts only; 0 none */
    char principal[64];   /* ce_principal: "" where there is none */
    char role[16];        /* ce_role */
    struct id causation;  /* ce_causationid: facts only */
    char fingerprint[33]; /* ce_fingerprint: 32 hex digits, commands only */
    char traceparent[56]; /* traceparent */
    struct span data;     /* canonical JSON; borrowed */
    uint32_t seen;        /* which headers event_header_take has taken: one bit a row of its table */

    /* where it was read, set by the reader */
    const char *topic; /* without the namespace; borrowed; NULL where not read from a topic */
    int32_t partition;
    int64_t offset;
    int64_t stored_ms;       /* when the broker stored it (LogAppendTime) */
    bool readable;           /* the headers made a complete event; else reason says why not */
    const char *reason;      /* static text */
    struct span raw_key;     /* the record's own key, borrowed: for parking what is unreadable */
    struct span raw_headers; /* headers as the JSON object event_headers_json gives; borrowed */
};

struct event_header {
    const char *name;
    struct span value;
};

/* The headers of event, in a fixed order; values point into event and scratch (256 bytes). Returns how many.
 */
size_t event_headers(const struct event *event, char scratch[256],
                     struct event_header ret_headers[EVENT_HEADERS]);

enum { EVENT_MALFORMED = 1 };
/* Takes one header in; unknown names are ignored; EVENT_MALFORMED with event->reason where its value is. */
MUST_CHECK int event_header_take(struct event *event, struct span name, struct span value);
/* After the last header: EVENT_MALFORMED with event->reason where a required one is missing (id source
 * specversion type subject, content-type application/json where given). key falls back to nothing. */
MUST_CHECK int event_complete(struct event *event);

/* {"ce_id":"...",...} for parked rows, and back. */
void event_headers_json(const struct event *event, struct buf *to);
MUST_CHECK int event_from_headers_json(struct span json, struct event *ret_event);

/* The values alone, of all that may vary, a tab between them, in the order of the headers: for rows of the
 * outbox (bus.headers of schemas/sql makes the object of them). No value holds a tab or a newline. */
void event_line(const struct event *event, struct buf *to);
MUST_CHECK int event_from_line(struct span line, struct event *ret_event);

/* "parcel/8c1e..." -> kind, id; 1 (EVENT_MALFORMED) where it is not kind/uuid. */
MUST_CHECK int event_subject_parse(struct span subject, char ret_kind[24], struct id *ret_id);

#endif
