/* SPDX-License-Identifier: Apache-2.0
 * The table of who is told what. A new notification is a row here and a template in template.c. */
#include "consumers/notifier/notice.h"

#include <string.h>

const struct notice_row notice_rows[] = {
    {"parcel.registered", AUDIENCE_SENDER, "mail"},
    {"parcel.cancelled", AUDIENCE_SENDER, "mail"},
    {0},
};

static const char *const members[] = {[AUDIENCE_SENDER] = "sender"};

void notice_id(const struct id *fact, const struct id *person, const char *purpose, struct id *ret_id)
{
    const struct span parts[] = {SPAN("notification"), span_of(fact->text), span_of(person->text),
                                 span_of(purpose)};
    id_v8(parts, 4, ret_id);
}

bool notice_person(const struct notice_row *row, const struct schema *schema, const void *fact,
                   struct id *ret_person)
{
    CLEANUP(buf_done) struct buf text = {0};
    for (int at = 0; at < schema->count; at++) {
        const struct field *field = &schema->fields[at];
        if (field->kind == FIELD_ID && strcmp(field->name, members[row->audience]) == 0)
            return codec_member_text(field, fact, &text) && id_parse(buf_as_span(&text), ret_person) == 0;
    }
    return false;
}
