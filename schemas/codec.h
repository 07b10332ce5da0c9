/* SPDX-License-Identifier: Apache-2.0
 * Reads and writes messages by the generated tables: JSON <-> one flat struct that owns nothing.
 *
 * The build generates "schemas/messages.h" and its tables from the JSON files of this room:
 *   commands/parcel.register.v1.json  struct parcel_register_v1,  extern const struct schema
 * parcel_register_v1_schema facts/parcel.registered.v1.json   struct parcel_registered_v1, ..._schema
 *   states/parcel.json                struct parcel_state,  parcel_state_schema   (a projector row)
 *   types/place.json                  struct place   (members of that type are nested structs)
 *   foreign/token_claims.json         struct foreign_token_claims, foreign_token_claims_schema
 * Members: string -> char name[] with NUL (a format decides its size); uuid -> struct id; integer -> int64_t;
 * boolean -> bool; date-time -> int64_t milliseconds; enum -> int32_t holding enum TYPE's value (0: none);
 * object -> struct; array -> TYPE name[max]; uint16_t name_count. Every member that is not required has
 * bool has_NAME before it. An enum in types/category.json gives enum category { CATEGORY_NONE,
 * CATEGORY_DOCUMENTS,
 * ... } and extern const struct choice category_choices[]; an enum in place gives enum parcel_state_state
 * likewise, so shared enums live in types/.
 * Decoded zeroed first, so two equal messages are equal bytes. */
#ifndef COLIS_SCHEMAS_CODEC_H
#define COLIS_SCHEMAS_CODEC_H

#include <stdbool.h>

#include "shared/base/buf.h"
#include "shared/base/id.h"

enum field_kind {
    FIELD_STRING = 1,
    FIELD_ID,
    FIELD_INTEGER,
    FIELD_BOOLEAN,
    FIELD_TIME,
    FIELD_CHOICE,
    FIELD_OBJECT,
    FIELD_ARRAY
};

/* What a FIELD_STRING must look like; all but text, line and landmark-like ones are ASCII. */
enum field_format {
    FORMAT_NONE,
    FORMAT_TEXT, /* several lines: no control character but \n and \t */
    FORMAT_LINE, /* one line: no control character */
    FORMAT_EMAIL,
    FORMAT_PHONE,    /* E.164: + and 8 to 15 digits */
    FORMAT_COUNTRY,  /* ISO 3166-1 alpha-2: two capitals */
    FORMAT_CURRENCY, /* ISO 4217: three capitals */
    FORMAT_LANGUAGE, /* fr, en */
    FORMAT_ZONE,     /* an IANA time zone's name by its grammar */
    FORMAT_HEX,
    FORMAT_BASE64URL,
    FORMAT_ASCII,   /* 0x21..0x7e */
    FORMAT_DECIMAL, /* foreign only: a JSON number or string kept as its text */
};

struct choice {
    const char *text; /* rows in the order of the enum, first is value 1; ends with NULL */
};

struct field {
    const char *name;
    uint16_t name_size;
    uint8_t kind;   /* enum field_kind */
    uint8_t format; /* enum field_format */
    bool required;
    bool is_private;             /* x-private: never in a fact, never in a log */
    uint8_t item_kind;           /* FIELD_ARRAY: kind of its items (their bounds stand in item) */
    uint16_t offset;             /* of the member in its struct */
    uint16_t has_offset;         /* of bool has_NAME; UINT16_MAX where required */
    uint16_t size;               /* bytes of the member; an array: of one item */
    uint16_t count_offset;       /* FIELD_ARRAY: of NAME_count */
    int64_t min, max;            /* integer: value; string: characters; array: items */
    const struct schema *object; /* FIELD_OBJECT, or FIELD_ARRAY of objects */
    const struct choice *choices;
    const struct field *item; /* FIELD_ARRAY: its items as a field at offset 0 of each */
    /* Static texts of the codec's refusals: under min, over max, FIELD_CHOICE: which words there are. */
    const char *below, *above, *expected;
};

struct schema {
    const char *name; /* "parcel.register.v1", "place" */
    const struct field *fields;
    uint16_t count;
    uint16_t size; /* of the struct */
    bool open;     /* foreign: unknown members skipped, null is absent */
};

enum { CODEC_ERRORS = 24, CODEC_POINTER = 160, MESSAGE_MAX = 8192, STATE_MAX = 16384 };

struct codec_error {
    char pointer[CODEC_POINTER]; /* JSON Pointer (RFC 6901); "" the whole; cut where it would be too long */
    const char *reason;          /* static text: "is required", "is not known", "must be at most 100000"... */
};

struct codec_errors {
    size_t count; /* at most CODEC_ERRORS; more says there were others */
    bool more;
    struct codec_error items[CODEC_ERRORS];
    const char *syntax; /* CODEC_NOT_JSON: why */
    size_t at;          /* and at which byte */
};

enum {
    CODEC_NOT_JSON = 1, /* malformed, too deep, bad UTF-8 or a duplicate member: errors->syntax, at */
    CODEC_INVALID = 2,  /* JSON, but not this schema: errors->items */
};

/* ret_message: schema->size bytes, of no meaning unless 0 is returned. ret_errors may be NULL. A second known
 * member of one name is CODEC_NOT_JSON; an unknown one is "is not known" each time (open: skipped). */
MUST_CHECK int codec_decode(const struct schema *schema, struct span json, void *ret_message,
                            struct codec_errors *ret_errors);

enum codec_part {
    CODEC_ALL,
    CODEC_PUBLIC,  /* without x-private members */
    CODEC_PRIVATE, /* only x-private members, in the objects that hold them; {} where there is none */
};
/* Canonical: schema order, no white space, shortest escapes, absent optionals left out. Appends to to. */
void codec_encode(const struct schema *schema, const void *message, enum codec_part part, struct buf *to);

/* An array member alone, "[...]": how it is written where the other members stand elsewhere (a column of a
 * row). Decoding fills the items and their count, and nothing else of message; errors as codec_decode's. */
void codec_encode_items(const struct field *field, const void *message, struct buf *to);
MUST_CHECK int codec_decode_items(const struct field *field, struct span json, void *message,
                                  struct codec_errors *ret_errors);

/* A scalar member as text (string, id, choice word, number, time, true/false) into to; false where absent. */
bool codec_member_text(const struct field *field, const void *message, struct buf *to);
const char *choice_text(const struct choice *choices, int32_t value); /* NULL for 0 or out of range */
int32_t choice_of(const struct choice *choices, struct span text);    /* 0 where unknown */

#endif
