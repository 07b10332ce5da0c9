/* SPDX-License-Identifier: Apache-2.0
 * The table of who is told what. A new notification is a row here and its texts in a wording file. */
#include "consumers/notifier/notice.h"

#include <string.h>

#define S   AUDIENCE_SENDER
#define T   AUDIENCE_TRAVELLER
#define R   AUDIENCE_RECIPIENT
#define R0  AUDIENCE_RECIPIENT_BEFORE
#define ME  AUDIENCE_PERSON
#define ME0 AUDIENCE_PERSON_BEFORE
#define ALL AUDIENCE_SEEKERS

#define NOT_BY(party)                                                                                        \
    {                                                                                                        \
        "by", "!" party                                                                                      \
    }
/* causes of a parcel that was on its way, whose recipient knows of it */
#define ON_ITS_WAY                                                                                           \
    {                                                                                                        \
        "cause", "!pickup chargeback"                                                                        \
    }

/* clang-format off */
const struct notice_row notice_rows[] = {
/*   fact                            by   lane  whom  purpose, which names the texts              only where */
    {"parcel.registered",            "mail", 1, S,    "parcel.registered",                        {{0}}},
    {"parcel.cancelled",             "mail", 1, S,    "parcel.cancelled",                         {{0}}},
    {"parcel.recipient_changed",     "mail", 0, R0,   "parcel.recipient_changed/before",          {{"state", "!booked"}}},
    {"parcel.recipient_changed",     "mail", 0, R,    "parcel.recipient_changed",                 {{"state", "!booked"}}},
    {"parcel.in_customs",            "mail", 0, S,    "parcel.in_customs",                        {{0}}},
    {"parcel.delayed",               "mail", 0, S,    "parcel.delayed",                           {{0}}},
    {"parcel.delayed",               "mail", 0, R,    "parcel.delayed/recipient",                 {{0}}},
    {"parcel.arrived",               "mail", 0, S,    "parcel.arrived",                           {{0}}},
    {"parcel.arrived",               "mail", 0, R,    "parcel.arrived/recipient",                 {{0}}},
    {"parcel.lost",                  "mail", 0, S,    "parcel.lost",                              {NOT_BY("sender")}},
    {"parcel.found",                 "mail", 0, S,    "parcel.found",                             {{0}}},
    {"parcel.damaged",               "mail", 0, S,    "parcel.damaged",                           {NOT_BY("sender")}},
    {"parcel.seized",                "mail", 0, S,    "parcel.seized",                            {{0}}},
    {"parcel.released_by_customs",   "mail", 0, S,    "parcel.released_by_customs",               {{0}}},
    {"parcel.return_started",        "mail", 0, S,    "parcel.return_started",                    {NOT_BY("sender")}},
    {"parcel.returned",              "mail", 0, S,    "parcel.returned",                          {{0}}},

    {"booking.requested",            "mail", 0, T,    "booking.requested",                        {{0}}},
    {"booking.accepted",             "mail", 0, S,    "booking.accepted",                         {{0}}},
    {"booking.declined",             "mail", 0, S,    "booking.declined",                         {{0}}},
    {"booking.expired",              "mail", 0, S,    "booking.expired",                          {{0}}},
    {"booking.cancelled",            "mail", 0, S,    "booking.cancelled/sender",                 {NOT_BY("sender")}},
    {"booking.cancelled",            "mail", 0, T,    "booking.cancelled/traveller",              {NOT_BY("traveller")}},
    {"booking.paid",                 "mail", 0, S,    "booking.paid/sender",                      {{0}}},
    {"booking.paid",                 "mail", 0, T,    "booking.paid/traveller",                   {{0}}},
    {"booking.redated",              "mail", 0, S,    "booking.redated",                          {{0}}},
    {"booking.redate_agreed",        "mail", 0, T,    "booking.redate_agreed",                    {{0}}},
    {"booking.collected",            "mail", 0, S,    "booking.collected/sender",                 {{0}}},
    {"booking.collected",            "mail", 0, R,    "booking.collected/recipient",              {{0}}},
    {"booking.code_issued",          "mail", 0, R,    "booking.code_issued/delivery",             {{"purpose", "delivery"}}},
    {"booking.code_issued",          "mail", 0, S,    "booking.code_issued/pickup",               {{"purpose", "pickup"}}},
    {"booking.code_issued",          "mail", 0, S,    "booking.code_issued/return",               {{"purpose", "return"}}},
    {"booking.pickup_failed",        "mail", 0, S,    "booking.pickup_failed/sender",             {{0}}},
    {"booking.pickup_failed",        "mail", 0, T,    "booking.pickup_failed/traveller",          {{0}}},
    {"booking.delivered",            "mail", 0, S,    "booking.delivered/sender",                 {{0}}},
    {"booking.delivered",            "mail", 0, R,    "booking.delivered/recipient",              {{0}}},
    {"booking.delivery_proved",      "mail", 0, S,    "booking.delivery_proved/sender",           {{0}}},
    {"booking.delivery_proved",      "mail", 0, R,    "booking.delivery_proved/recipient",        {{0}}},
    {"booking.disputed",             "mail", 0, S,    "booking.disputed/sender",                  {NOT_BY("sender")}},
    {"booking.disputed",             "mail", 0, T,    "booking.disputed/traveller",               {NOT_BY("traveller")}},
    {"booking.disputed",             "mail", 0, R,    "booking.disputed/recipient",               {NOT_BY("recipient"), ON_ITS_WAY}},
    {"booking.completed",            "mail", 0, S,    "booking.completed/sender",                 {{0}}},
    {"booking.completed",            "mail", 0, T,    "booking.completed/traveller",              {{0}}},
    {"booking.resolved",             "mail", 0, S,    "booking.resolved/sender",                  {{0}}},
    {"booking.resolved",             "mail", 0, T,    "booking.resolved/traveller",               {{0}}},
    {"booking.reminded",             "mail", 0, S,    "booking.reminded/pickup/sender",           {{"what", "pickup"}}},
    {"booking.reminded",             "mail", 0, T,    "booking.reminded/pickup/traveller",        {{"what", "pickup"}}},
    {"booking.reminded",             "mail", 0, T,    "booking.reminded/hand_over",               {{"what", "hand_over"}}},
    {"booking.reminded",             "mail", 0, S,    "booking.reminded/confirm",                 {{"what", "confirm"}}},

    {"payment.link_ready",           "mail", 0, S,    "payment.link_ready",                       {{0}}},
    {"payment.refunded",             "mail", 0, S,    "payment.refunded",                         {{0}}},
    {"payment.paid_out",             "mail", 0, AUDIENCE_PAYEE, "payment.paid_out",               {{0}}},
    {"payment.payout_failed",        "mail", 0, AUDIENCE_PAYEE, "payment.payout_failed",          {{"cause", "bad_account"}}},

    {"review.opened",                "mail", 1, S,    "review.opened/sender",                     {{0}}},
    {"review.opened",                "mail", 1, T,    "review.opened/traveller",                  {{0}}},
    {"review.published",             "mail", 1, S,    "review.published/sender",                  {{0}}},
    {"review.published",             "mail", 1, T,    "review.published/traveller",               {{0}}},

    {"trip.announced",               "mail", 1, ALL,  "trip.announced",                           {{0}}},

    {"profile.updated",              "mail", 0, ME0,  "profile.updated",                          {{"n", "!1"}}},
    {"profile.blocked",              "mail", 0, ME,   "profile.blocked",                          {{0}}},
    {"profile.unblocked",            "mail", 0, ME,   "profile.unblocked",                        {{0}}},
    {"profile.tier_set",             "mail", 0, ME,   "profile.tier_set",                         {{0}}},
    {"profile.payout_account_set",   "mail", 0, ME,   "profile.payout_account_set",               {{0}}},
    {0},
};
/* clang-format on */

const struct notice_row *notice_of(const char *purpose)
{
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        if (strcmp(row->purpose, purpose) == 0)
            return row;
    }
    return NULL;
}

void notice_id(const struct id *fact, const struct id *person, const char *purpose, struct id *ret_id)
{
    const struct span parts[] = {SPAN("notification"), span_of(fact->text), span_of(person->text),
                                 span_of(purpose)};
    id_v8(parts, 4, ret_id);
}

static const struct field *field_named(const struct schema *schema, const char *name)
{
    for (int at = 0; at < schema->count; at++) {
        if (strcmp(schema->fields[at].name, name) == 0)
            return &schema->fields[at];
    }
    return NULL;
}

/* The member of the fact that names the party; NULL: none does. */
static const struct field *field_of_party(const struct schema *schema, enum audience audience)
{
    const char *name = audience == AUDIENCE_SENDER      ? "sender"
                       : audience == AUDIENCE_TRAVELLER ? "traveller"
                                                        : NULL;
    const struct field *field = name ? field_named(schema, name) : NULL;
    return field && field->kind == FIELD_ID ? field : NULL;
}

bool notice_needs_parties(const char *family, const struct schema *schema)
{
    for (const struct notice_row *row = notice_rows; row->fact; row++) {
        if (strcmp(row->fact, family) == 0 && row->audience != AUDIENCE_PERSON &&
            row->audience != AUDIENCE_PERSON_BEFORE && row->audience != AUDIENCE_SEEKERS &&
            !field_of_party(schema, row->audience))
            return true;
    }
    return false;
}

static int64_t integer_of(const struct schema *schema, const char *name, const void *fact)
{
    const struct field *field = field_named(schema, name);
    int64_t value;
    if (!field || field->kind != FIELD_INTEGER)
        return 0;
    memcpy(&value, (const char *)fact + field->offset, sizeof value); /* zero where absent */
    return value;
}

int64_t notice_number(const struct schema *schema, const void *fact)
{
    int64_t order = integer_of(schema, "order", fact);
    return order ? order : integer_of(schema, "recipient_n", fact);
}

/* Is text one of the words? */
static bool among(struct span text, const char *words)
{
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        if (size == text.size && memcmp(words, text.data, size) == 0)
            return true;
        words += size;
        words += strspn(words, " ");
    }
    return false;
}

static bool condition_holds(const struct notice_when *when, const struct schema *schema, const void *fact)
{
    CLEANUP(buf_done) struct buf text = {0};
    if (!when->member)
        return true;
    const struct field *field = field_named(schema, when->member);
    bool none_of = when->words[0] == '!';
    bool found = field && codec_member_text(field, fact, &text) &&
                 among(buf_as_span(&text), when->words + (none_of ? 1 : 0));
    return found != none_of;
}

bool notice_holds(const struct notice_row *row, const struct schema *schema, const void *fact)
{
    return condition_holds(&row->when[0], schema, fact) && condition_holds(&row->when[1], schema, fact);
}

static int given(const struct id *id, struct id *ret_person)
{
    *ret_person = *id;
    return id_none(id) ? NOTICE_NOBODY : 0;
}

static int recipient(const struct parties *parties, int64_t n, struct id *ret_person)
{
    if (n <= 0 || id_none(&parties->booking))
        return NOTICE_NOBODY;
    id_of_recipient(&parties->booking, n, ret_person);
    return 0;
}

static int person_of_parties(const struct notice_row *row, const struct notice_fact *of,
                             struct id *ret_person)
{
    const struct parties *parties = of->parties;
    int64_t said = integer_of(of->schema, "recipient_n", of->fact);
    switch (row->audience) {
    case AUDIENCE_SENDER:
        return given(&parties->sender, ret_person);
    case AUDIENCE_TRAVELLER:
        return given(&parties->traveller, ret_person);
    case AUDIENCE_PAYEE:
        return parties->payee == PARTY_SENDER      ? given(&parties->sender, ret_person)
               : parties->payee == PARTY_TRAVELLER ? given(&parties->traveller, ret_person)
                                                   : NOTICE_NOBODY;
    case AUDIENCE_RECIPIENT:
        return recipient(parties, said ? said : parties->recipient_n, ret_person);
    case AUDIENCE_RECIPIENT_BEFORE:
        return recipient(parties, parties->recipient_before, ret_person);
    default:
        return NOTICE_NOBODY;
    }
}

int notice_person(const struct notice_row *row, const struct notice_fact *of, struct id *ret_person)
{
    CLEANUP(buf_done) struct buf text = {0};
    if (row->audience == AUDIENCE_PERSON || row->audience == AUDIENCE_PERSON_BEFORE)
        return given(of->subject, ret_person);
    const struct field *field = field_of_party(of->schema, row->audience);
    if (field && codec_member_text(field, of->fact, &text))
        return id_parse(buf_as_span(&text), ret_person) == 0 ? 0 : NOTICE_NOBODY;
    if (!of->parties || !of->parties->known)
        return NOTICE_UNKNOWN;
    return person_of_parties(row, of, ret_person);
}
