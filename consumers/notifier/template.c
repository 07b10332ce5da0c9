/* SPDX-License-Identifier: Apache-2.0
 * How texts are filled. A line that names something absent is left out. A value is written by what it is: a
 * time in the person's zone, an amount with its currency, grams as kilograms, a word of an enum in the
 * person's language. */
#include "consumers/notifier/template.h"

#include <string.h>

#include "consumers/notifier/value.h"
#include "schemas/tables.h"

enum unit { PLAIN, MONEY, WEIGHT };

/* What an integer of this name counts. */
static const struct {
    const char *name;
    enum unit unit;
} units[] = {
    {"amount", MONEY},    {"carriage", MONEY},     {"fee", MONEY},        {"price_per_kg", MONEY},
    {"to_sender", MONEY}, {"to_traveller", MONEY}, {"to_fees", MONEY},    {"weight_g", WEIGHT},
    {"grams", WEIGHT},    {"min_grams", WEIGHT},   {"weighed_g", WEIGHT}, {"capacity_g", WEIGHT},
};

static const struct {
    const char *greeting, *details, *signature;
} frames[] = {
    [LANGUAGE_FR] = {"Bonjour {name},\n\n",
                     "\n"
                     "Trajet : {parcel.origin.city} – {parcel.destination.city}\n"
                     "Réservation : {booking.id}\n"
                     "Colis : {parcel.id}\n",
                     "\nColis\n"},
    [LANGUAGE_EN] = {"Hello {name},\n\n",
                     "\n"
                     "Route: {parcel.origin.city} – {parcel.destination.city}\n"
                     "Booking: {booking.id}\n"
                     "Parcel: {parcel.id}\n",
                     "\nColis\n"},
};

struct filling {
    const struct notice *notice;
    const struct schema *schema;
    const void *fact;
    enum language language;
};

/* One of a message's members, by its place in it. */
struct member {
    const struct schema *schema; /* of the object it stands in */
    const char *object;
    const struct field *field;
};

static const struct field *field_named(const struct schema *schema, struct span name)
{
    for (int at = 0; at < schema->count; at++) {
        if (span_is(name, schema->fields[at].name))
            return &schema->fields[at];
    }
    return NULL;
}

static bool is_there(const struct field *field, const char *object)
{
    return field->has_offset == UINT16_MAX || object[field->has_offset] != 0;
}

/* Of the object the amount stands in (also the fact's own, for an object within), else of the booking. */
static bool currency_of(const struct filling *filling, const struct member *member, struct buf *to)
{
    const struct field *own = field_named(member->schema, SPAN("currency"));
    const struct field *fact = field_named(filling->schema, SPAN("currency"));
    if (own)
        return codec_member_text(own, member->object, to);
    if (filling->notice->booking)
        buf_text(to, filling->notice->booking->currency);
    else if (fact)
        return codec_member_text(fact, filling->fact, to);
    return to->size > 0;
}

static bool put_money(const struct filling *filling, const struct member *member, int64_t value,
                      struct buf *to)
{
    CLEANUP(buf_done) struct buf currency = {0};
    if (!currency_of(filling, member, &currency))
        return false;
    value_money(value, currency.data, filling->language, to);
    return true;
}

static bool put_integer(const struct filling *filling, const struct member *member, struct buf *to)
{
    int64_t value;
    memcpy(&value, member->object + member->field->offset, sizeof value);
    for (size_t at = 0; at < sizeof units / sizeof units[0]; at++) {
        if (strcmp(units[at].name, member->field->name) != 0)
            continue;
        if (units[at].unit == MONEY)
            return put_money(filling, member, value, to);
        value_weight(value, filling->language, to);
        return true;
    }
    buf_integer(to, value);
    return true;
}

static void put_time(const struct filling *filling, const struct member *member, struct buf *to)
{
    int64_t ms;
    memcpy(&ms, member->object + member->field->offset, sizeof ms);
    value_time(ms, filling->notice->time_zone, filling->language, to);
}

static bool put_text_of(const struct filling *filling, const struct member *member, struct buf *to)
{
    CLEANUP(buf_done) struct buf text = {0};
    if (!codec_member_text(member->field, member->object, &text))
        return false;
    const char *word =
        member->field->kind == FIELD_CHOICE ? value_word(buf_as_span(&text), filling->language) : NULL;
    buf_span(to, word ? span_of(word) : buf_as_span(&text));
    return true;
}

static bool put_member(const struct filling *filling, const struct member *member, struct buf *to)
{
    if (!is_there(member->field, member->object))
        return false;
    if (member->field->kind == FIELD_INTEGER)
        return put_integer(filling, member, to);
    if (member->field->kind != FIELD_TIME)
        return put_text_of(filling, member, to);
    put_time(filling, member, to);
    return true;
}

/* "origin.city": into the object, then its member. */
static bool put_path(const struct filling *filling, struct member from, struct span path, struct buf *to)
{
    for (;;) {
        const char *dot = memchr(path.data, '.', path.size);
        const struct span name = {path.data, dot ? (size_t)(dot - path.data) : path.size};
        from.field = field_named(from.schema, name);
        if (!from.field)
            return false;
        if (!dot)
            return put_member(filling, &from, to);
        if (from.field->kind != FIELD_OBJECT || !is_there(from.field, from.object))
            return false;
        from.object += from.field->offset;
        from.schema = from.field->object;
        path = (struct span){dot + 1, path.size - name.size - 1};
    }
}

static bool begins(struct span path, const char *scope, struct span *ret_rest)
{
    size_t size = strlen(scope);
    if (path.size <= size || memcmp(path.data, scope, size) != 0)
        return false;
    *ret_rest = (struct span){path.data + size, path.size - size};
    return true;
}

/* A path in the fact, or in one of the rows it is about. */
static bool put_value_at(const struct filling *filling, struct span path, struct buf *to)
{
    const struct notice *notice = filling->notice;
    struct member from = {filling->schema, filling->fact, NULL};
    struct span rest;
    if (begins(path, "booking.", &rest))
        from = (struct member){&booking_state_schema, (const char *)notice->booking, NULL};
    else if (begins(path, "parcel.", &rest))
        from = (struct member){&parcel_state_schema, (const char *)notice->parcel, NULL};
    else
        rest = path;
    return from.object && put_path(filling, from, rest, to);
}

static bool put_given(const char *text, struct buf *to)
{
    buf_text(to, text ? text : "");
    return text != NULL;
}

/* An amount in the booking's currency. */
static bool put_amount(const struct filling *filling, int64_t amount, struct buf *to)
{
    const struct booking_state *booking = filling->notice->booking;
    if (booking)
        value_money(amount, booking->currency, filling->language, to);
    return booking != NULL;
}

static bool put_value(const struct filling *filling, struct span name, struct buf *to)
{
    const struct notice *notice = filling->notice;
    const char *slash = strchr(notice->subject, '/');
    if (span_is(name, "name"))
        return put_given(notice->name, to);
    if (span_is(name, "id"))
        return put_given(slash ? slash + 1 : notice->subject, to);
    if (span_is(name, "code"))
        return put_given(notice->code, to);
    if (span_is(name, "link"))
        return put_given(notice->link, to);
    if (span_is(name, "pay_link"))
        return put_given(notice->pay_link, to);
    if (span_is(name, "pay_amount"))
        return put_amount(filling, notice->pay_amount, to);
    if (span_is(name, "with_mail"))
        return notice->with_mail;
    if (span_is(name, "without_mail"))
        return notice->without_mail;
    if (span_is(name, "total"))
        return put_amount(filling, notice->booking ? notice->booking->carriage + notice->booking->fee : 0,
                          to);
    return put_value_at(filling, name, to);
}

/* Fills the line at *at and moves *at behind it. */
static void put_line(const struct filling *filling, const char **at, struct buf *to)
{
    size_t start = to->size;
    bool whole = true;
    const char *from = *at;
    while (*from != '\0' && *from != '\n') {
        size_t plain = strcspn(from, "{\n");
        buf_append(to, from, plain);
        from += plain;
        if (*from != '{')
            continue;
        const char *end = strchr(from, '}');
        whole = put_value(filling, (struct span){from + 1, (size_t)(end - from - 1)}, to) && whole;
        from = end + 1;
    }
    if (*from == '\n') {
        buf_byte(to, '\n');
        from++;
    }
    if (!whole) {
        to->size = start;
        to->data[start] = '\0';
    }
    *at = from;
}

static void put_text(const struct filling *filling, const char *text, struct buf *to)
{
    while (*text != '\0')
        put_line(filling, &text, to);
}

const struct wording *wording_of(const char *purpose)
{
    static const struct wording *const tables[] = {wordings_parcel, wordings_booking, wordings_money};
    for (size_t table = 0; table < sizeof tables / sizeof tables[0]; table++) {
        for (const struct wording *row = tables[table]; row->purpose; row++) {
            if (strcmp(row->purpose, purpose) == 0)
                return row;
        }
    }
    return NULL;
}

/* The newest version we know of a family: rows are sorted by type. */
static const struct message_row *message_newest(const char *family)
{
    const struct message_row *newest = NULL;
    for (const struct message_row *row = message_rows; row->type; row++) {
        if (strcmp(row->family, family) == 0 && (!newest || row->version > newest->version))
            newest = row;
    }
    return newest;
}

static void put_body(const struct filling *filling, const struct wording *wording, const char *text,
                     struct buf *to)
{
    put_text(filling, frames[filling->language].greeting, to);
    put_text(filling, text, to);
    if (wording->frame == WORDING_BOOKING)
        put_text(filling, frames[filling->language].details, to);
    put_text(filling, frames[filling->language].signature, to);
}

int template_fill(const struct notice *notice, struct buf *subject, struct buf *body)
{
    const struct notice_row *told = notice_of(notice->purpose);
    const struct wording *wording = wording_of(notice->purpose);
    const struct message_row *row = told ? message_newest(told->fact) : NULL;
    if (!wording || !row)
        return TEMPLATE_UNKNOWN;
    CLEANUP(free_cleanup) void *fact = memory_new(1, row->schema->size);
    if (codec_decode(row->schema, notice->data, fact, NULL) != 0)
        return TEMPLATE_DATA;
    /* in the person's language, else in French */
    const struct filling filling = {notice, row->schema, fact,
                                    notice->language == LANGUAGE_EN ? LANGUAGE_EN : LANGUAGE_FR};
    const struct wording_text *text = filling.language == LANGUAGE_EN ? &wording->en : &wording->fr;
    put_text(&filling, text->subject, subject);
    put_body(&filling, wording, text->text, body);
    return 0;
}
