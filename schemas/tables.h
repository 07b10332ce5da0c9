/* SPDX-License-Identifier: Apache-2.0
 * What else the build generates from this room: the message types, the routes and the topics, as rows. */
#ifndef COLIS_SCHEMAS_TABLES_H
#define COLIS_SCHEMAS_TABLES_H

#include "schemas/codec.h"

enum message_kind { MESSAGE_COMMAND = 1, MESSAGE_FACT };

/* A type that may stand in ce_type. message_rows ends with an empty row. */
struct message_row {
    const char *type;      /* "parcel.register.v1" */
    const char *family;    /* "parcel.register": an unknown version of a known family is told apart by it */
    const char *aggregate; /* "parcel": the kind of its subject */
    const char *topic;     /* "commands", "parcel", "auth": without the namespace */
    enum message_kind kind;
    int version;
    const struct schema *schema;
};
extern const struct message_row message_rows[];
const struct message_row *message_of(const char *type); /* NULL where unknown */
bool message_family_known(const char *type);            /* some version of this family exists */

/* Every message, state and foreign schema, by its file's name; schema_rows ends with NULL. */
extern const struct schema *const schema_rows[];
const struct schema *schema_of(const char *name); /* NULL where unknown */

enum route_server { ROUTE_INGRESS = 1, ROUTE_QUERY };
enum route_subject {
    ROUTE_SUBJECT_NONE,
    ROUTE_SUBJECT_NEW,    /* create: the aggregate's id comes from the command id */
    ROUTE_SUBJECT_PATH,   /* {id} of the path */
    ROUTE_SUBJECT_CALLER, /* the caller's own (profile) */
};
enum route_bucket {
    ROUTE_BUCKET_NONE,
    ROUTE_BUCKET_CODE, /* carries a handover code, or asks for one: few an hour of one person */
};
struct route_row {
    const char *method, *path; /* "POST", "/v1/parcels/{id}/cancel" */
    const char *name;          /* operationId: "parcel.cancel", "parcels.list" */
    enum route_server server;
    const struct message_row *command; /* NULL for a read */
    enum route_subject subject;
    enum route_bucket bucket;  /* beside the one that every request takes from */
    const struct schema *body; /* what a POST to query carries, which publishes nothing; else NULL */
    const char *aggregate;     /* "parcel" */
    const char *resource;      /* Location's pattern: "/v1/parcels/{id}", "/v1/me/profile" */
    const char *role;          /* "person staff": who may call it; "anyone": no token is asked for */
};
extern const struct route_row route_rows[];                       /* ends with an empty row */
bool route_allows(const struct route_row *row, const char *role); /* is role one of its words? */
extern const char openapi_json[]; /* the document both servers answer at GET /openapi.json */
extern const size_t openapi_json_size;

struct topic_row {
    const char *name; /* "commands", "dead.projector": without the namespace */
    int partitions;
    int64_t retention_ms; /* -1 for ever */
    const char *cleanup;
};
extern const struct topic_row topic_rows[];             /* ends with an empty row */
const struct topic_row *topic_row_of(const char *name); /* NULL where unknown */

#endif
