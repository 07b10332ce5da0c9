/* SPDX-License-Identifier: Apache-2.0
 * Templates and how they are filled. {path} is a member of the fact, by dots into its objects; {name} the
 * person, {parcel} the aggregate's id, {weight} kilograms. A line that names something the fact does not have
 * is left out. Words of enums are put in the reader's language by one table. */
#include "consumers/notifier/template.h"

#include <inttypes.h>
#include <string.h>

#include "schemas/messages.h"
#include "schemas/tables.h"

struct wording {
    const char *purpose;
    enum language language;
    const char *subject, *body;
};

static const struct wording wordings[] = {
    {"parcel.registered", LANGUAGE_FR, "Votre colis {origin.city} – {destination.city} est enregistré",
     "Bonjour {name},\n"
     "\n"
     "Votre colis est enregistré.\n"
     "\n"
     "Trajet : {origin.city} ({origin.country}) – {destination.city} ({destination.country})\n"
     "Poids : {weight}\n"
     "Contenu : {category}\n"
     "Numéro : {parcel}\n"
     "\n"
     "Colis\n"},
    {"parcel.registered", LANGUAGE_EN, "Your parcel {origin.city} – {destination.city} is registered",
     "Hello {name},\n"
     "\n"
     "Your parcel is registered.\n"
     "\n"
     "Route: {origin.city} ({origin.country}) – {destination.city} ({destination.country})\n"
     "Weight: {weight}\n"
     "Contents: {category}\n"
     "Number: {parcel}\n"
     "\n"
     "Colis\n"},
    {"parcel.cancelled", LANGUAGE_FR, "Votre colis est annulé",
     "Bonjour {name},\n"
     "\n"
     "Votre colis est annulé.\n"
     "\n"
     "Numéro : {parcel}\n"
     "Motif : {reason}\n"
     "\n"
     "Colis\n"},
    {"parcel.cancelled", LANGUAGE_EN, "Your parcel is cancelled",
     "Hello {name},\n"
     "\n"
     "Your parcel is cancelled.\n"
     "\n"
     "Number: {parcel}\n"
     "Reason: {reason}\n"
     "\n"
     "Colis\n"},
};

/* Words of enums as people read them. What has no row is shown as it is. */
struct word {
    const char *text, *fr, *en;
};

/* clang-format off */
static const struct word words[] = {
    {"documents",    "documents",              "documents"},
    {"clothes",      "vêtements",              "clothes"},
    {"food",         "nourriture",             "food"},
    {"cosmetics",    "cosmétiques",            "cosmetics"},
    {"electronics",  "électronique",           "electronics"},
    {"medicine",     "médicaments",            "medicine"},
    {"other",        "autre",                  "other"},
    {"changed_mind", "vous avez changé d'avis", "you changed your mind"},
    {"no_traveller", "aucun voyageur trouvé",  "no traveller was found"},
    {"mistake",      "erreur",                 "mistake"},
};
/* clang-format on */

struct filling {
    const struct notice *notice;
    const struct schema *schema;
    const void *fact;
    enum language language;
};

static void put_word(const struct filling *filling, struct span text, struct buf *to)
{
    for (size_t at = 0; at < sizeof words / sizeof words[0]; at++) {
        if (span_is(text, words[at].text)) {
            buf_text(to, filling->language == LANGUAGE_FR ? words[at].fr : words[at].en);
            return;
        }
    }
    buf_span(to, text);
}

static bool put_member(const struct filling *filling, const struct field *field, const void *message,
                       struct buf *to)
{
    CLEANUP(buf_done) struct buf text = {0};
    if (!codec_member_text(field, message, &text))
        return false;
    if (field->kind == FIELD_CHOICE)
        put_word(filling, buf_as_span(&text), to);
    else
        buf_span(to, buf_as_span(&text));
    return true;
}

static const struct field *field_named(const struct schema *schema, struct span name)
{
    for (int at = 0; at < schema->count; at++) {
        if (span_is(name, schema->fields[at].name))
            return &schema->fields[at];
    }
    return NULL;
}

/* "origin.city": into the object, then its member. */
static bool put_path(const struct filling *filling, struct span path, struct buf *to)
{
    const struct schema *schema = filling->schema;
    const char *message = filling->fact;
    for (;;) {
        const char *dot = memchr(path.data, '.', path.size);
        const struct span name = {path.data, dot ? (size_t)(dot - path.data) : path.size};
        const struct field *field = field_named(schema, name);
        if (!field)
            return false;
        if (!dot)
            return put_member(filling, field, message, to);
        if (field->kind != FIELD_OBJECT || (field->has_offset != UINT16_MAX && !message[field->has_offset]))
            return false;
        message += field->offset;
        schema = field->object;
        path = (struct span){dot + 1, path.size - name.size - 1};
    }
}

/* 2500 -> "2,5 kg", or "2.5 kg" in English */
static bool put_weight(const struct filling *filling, struct buf *to)
{
    const struct field *field = field_named(filling->schema, SPAN("weight_g"));
    if (!field || field->kind != FIELD_INTEGER)
        return false;
    int64_t grams;
    memcpy(&grams, (const char *)filling->fact + field->offset, sizeof grams);
    buf_format(to, "%" PRId64, grams / 1000);
    if (grams % 1000 != 0) {
        buf_format(to, "%c%03" PRId64, filling->language == LANGUAGE_FR ? ',' : '.', grams % 1000);
        while (to->data[to->size - 1] == '0')
            to->data[--to->size] = '\0';
    }
    buf_text(to, " kg");
    return true;
}

static bool put_value(const struct filling *filling, struct span name, struct buf *to)
{
    const char *slash = strchr(filling->notice->subject, '/');
    if (span_is(name, "weight"))
        return put_weight(filling, to);
    if (span_is(name, "name")) {
        buf_text(to, filling->notice->name);
        return true;
    }
    if (span_is(name, "parcel")) {
        buf_text(to, slash ? slash + 1 : filling->notice->subject);
        return true;
    }
    return put_path(filling, name, to);
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

/* In the person's language, else in French. */
static const struct wording *wording_find(const struct notice *notice)
{
    const struct wording *found = NULL;
    for (size_t at = 0; at < sizeof wordings / sizeof wordings[0]; at++) {
        if (strcmp(wordings[at].purpose, notice->purpose) != 0)
            continue;
        if (!found || (int32_t)wordings[at].language == notice->language)
            found = &wordings[at];
    }
    return found;
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

int template_fill(const struct notice *notice, struct buf *subject, struct buf *body)
{
    const struct wording *wording = wording_find(notice);
    const struct message_row *row = message_newest(notice->purpose);
    if (!wording || !row)
        return TEMPLATE_UNKNOWN;
    CLEANUP(free_cleanup) void *fact = memory_new(1, row->schema->size);
    if (codec_decode(row->schema, notice->data, fact, NULL) != 0)
        return TEMPLATE_DATA;
    const struct filling filling = {notice, row->schema, fact, wording->language};
    put_text(&filling, wording->subject, subject);
    put_text(&filling, wording->body, body);
    return 0;
}
