/* SPDX-License-Identifier: Apache-2.0
 * The generated tables: types are found, rows are what the JSON files say, members lie inside their structs.
 */
#include "schemas/tables.h"

#include <string.h>

#include "schemas/json.h"
#include "schemas/messages.h"
#include "schemas/walk.h"
#include "tests/schemas/cases.h"

START_TEST(finds_every_message_type)
{
    size_t count = 0;
    for (const struct message_row *row = message_rows; row->type; row++, count++) {
        ck_assert_ptr_eq(message_of(row->type), row);
        ck_assert_ptr_eq(schema_of(row->type), row->schema);
        ck_assert(message_family_known(row->type));
        ck_assert(count == 0 || strcmp(row[-1].type, row->type) < 0);
        ck_assert_str_eq(row->topic, row->kind == MESSAGE_COMMAND ? "commands" : row->topic);
        ck_assert_int_eq(strncmp(row->type, row->family, strlen(row->family)), 0);
    }
    ck_assert_uint_eq(count, message_count);
}
END_TEST

START_TEST(knows_a_fact_by_its_row)
{
    const struct message_row *row = message_of("profile.updated.v1");
    ck_assert_ptr_nonnull(row);
    ck_assert_str_eq(row->family, "profile.updated");
    ck_assert_str_eq(row->aggregate, "profile");
    ck_assert_str_eq(row->topic, "auth");
    ck_assert_int_eq(row->kind, MESSAGE_FACT);
    ck_assert_int_eq(row->version, 1);
    ck_assert_ptr_eq(row->schema, &profile_updated_v1_schema);
}
END_TEST

START_TEST(tells_an_unknown_version_from_an_unknown_family)
{
    static const char *const unknown[] = {"",
                                          "parcel",
                                          "parcel.register",
                                          "parcel.registe.v1",
                                          "parcel.registerx.v1",
                                          "parcel.v1",
                                          "zebra.register.v1",
                                          "aardvark.v1",
                                          ".v1",
                                          "v1"};
    ck_assert_ptr_null(message_of("parcel.register.v2"));
    ck_assert(message_family_known("parcel.register.v2"));
    ck_assert(message_family_known("parcel.register.v19"));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ck_assert_ptr_null(message_of(unknown[i]));
        ck_assert_msg(!message_family_known(unknown[i]), "%s", unknown[i]);
    }
    ck_assert_ptr_null(schema_of("no_such_schema"));
}
END_TEST

/* Members stand in order and apart, so no two share a byte and none leaves its struct. */
static void check_layout(const struct schema *schema)
{
    size_t end = 0;
    for (uint16_t row = 0; row < schema->count; row++) {
        const struct field *field = &schema->fields[row];
        ck_assert_uint_eq(strlen(field->name), field->name_size);
        if (!field->required) {
            ck_assert_uint_ge(field->has_offset, end);
            ck_assert_uint_lt(field->has_offset, field->offset);
        }
        ck_assert_uint_ge(field->offset, end);
        end = field->offset + field->size;
        if (field->kind == FIELD_ARRAY) {
            end = field->offset + field->size * (size_t)field->max;
            ck_assert_uint_ge(field->count_offset, end);
            end = field->count_offset + sizeof(uint16_t);
            ck_assert_ptr_nonnull(field->item);
        }
        if (field->object)
            check_layout(field->object);
        ck_assert(field->kind != FIELD_CHOICE || (field->choices && field->expected));
        ck_assert(field->min <= field->max && (field->max == 0 || (field->below && field->above)));
    }
    ck_assert_uint_le(end, schema->size);
}

START_TEST(keeps_every_member_inside_its_struct)
{
    for (const struct schema *const *row = schema_rows; *row; row++)
        check_layout(*row);
}
END_TEST

static bool has_private(const struct schema *schema)
{
    for (uint16_t row = 0; row < schema->count; row++)
        if (schema->fields[row].is_private ||
            (schema->fields[row].object && has_private(schema->fields[row].object)))
            return true;
    return false;
}

START_TEST(keeps_private_members_out_of_facts_and_states)
{
    for (const struct message_row *row = message_rows; row->type; row++)
        ck_assert(row->kind == MESSAGE_COMMAND || !has_private(row->schema));
    ck_assert(!has_private(&parcel_state_schema));
    ck_assert(!has_private(&profile_state_schema));
    ck_assert(has_private(&parcel_register_v1_schema));
}
END_TEST

START_TEST(keeps_messages_and_states_small)
{
    for (const struct message_row *row = message_rows; row->type; row++)
        ck_assert_uint_le(row->schema->size, MESSAGE_MAX);
    ck_assert_uint_le(sizeof(struct parcel_state), STATE_MAX);
}
END_TEST

START_TEST(lists_the_routes_of_both_servers)
{
    int commands = 0, reads = 0;
    for (const struct route_row *row = route_rows; row->method; row++) {
        ck_assert_int_eq(strncmp(row->path, "/v1/", 4), 0);
        ck_assert((row->command != NULL) == (row->server == ROUTE_INGRESS));
        ck_assert((row->command || row->body) == (strcmp(row->method, "POST") == 0));
        ck_assert(!row->command || !row->body);
        ck_assert((row->command != NULL) == (row->subject != ROUTE_SUBJECT_NONE));
        ck_assert((row->subject == ROUTE_SUBJECT_PATH) <= (strstr(row->path, "/{id}") != NULL));
        ck_assert(!row->command || row->command->kind == MESSAGE_COMMAND);
        ck_assert(!row->command || strcmp(row->aggregate, row->command->aggregate) == 0);
        ck_assert(row->role && row->resource && row->name);
        commands += row->command != NULL;
        reads += row->command == NULL;
    }
    ck_assert_int_ge(commands, 3);
    ck_assert_int_ge(reads, 5);
}
END_TEST

static bool has_member(const struct schema *schema, const char *name)
{
    for (int at = 0; at < schema->count; at++)
        if (strcmp(schema->fields[at].name, name) == 0)
            return true;
    return false;
}

START_TEST(lets_few_commands_about_handover_codes_through)
{
    int few = 0;
    for (const struct route_row *row = route_rows; row->method; row++) {
        bool about_codes = row->command && (has_member(row->command->schema, "code") ||
                                            strcmp(row->command->family, "booking.reissue_code") == 0);
        ck_assert_msg((row->bucket == ROUTE_BUCKET_CODE) == about_codes, "%s", row->name);
        few += about_codes;
    }
    ck_assert_int_eq(few, 4);
}
END_TEST

START_TEST(lists_the_topics_and_a_dead_one_for_each_reader)
{
    int partitions = 0;
    const struct topic_row *dead = topic_row_of("dead.projector"), *commands = topic_row_of("commands");
    ck_assert(dead && dead->partitions == 1 && dead->retention_ms == INT64_C(7776000000));
    ck_assert(commands && commands->partitions == 12 && commands->retention_ms == -1);
    ck_assert_str_eq(commands->cleanup, "delete");
    ck_assert_ptr_null(topic_row_of("command"));
    for (const struct topic_row *row = topic_rows; row->name; row++)
        partitions += row->partitions;
    ck_assert_int_lt(partitions, 100);
}
END_TEST

START_TEST(carries_an_openapi_document)
{
    size_t at;
    const char *reason = "";
    ck_assert_msg(scan_check((struct span){openapi_json, openapi_json_size}, &at, &reason) == 0, "%s",
                  reason);
    ck_assert_uint_eq(strlen(openapi_json), openapi_json_size);
    for (const struct route_row *row = route_rows; row->method; row++)
        ck_assert_msg(strstr(openapi_json, row->path), "%s", row->path);
}
END_TEST

TCase *table_cases(void)
{
    TCase *cases = tcase_create("tables");
    tcase_add_test(cases, finds_every_message_type);
    tcase_add_test(cases, knows_a_fact_by_its_row);
    tcase_add_test(cases, tells_an_unknown_version_from_an_unknown_family);
    tcase_add_test(cases, keeps_every_member_inside_its_struct);
    tcase_add_test(cases, keeps_private_members_out_of_facts_and_states);
    tcase_add_test(cases, keeps_messages_and_states_small);
    tcase_add_test(cases, lists_the_routes_of_both_servers);
    tcase_add_test(cases, lets_few_commands_about_handover_codes_through);
    tcase_add_test(cases, lists_the_topics_and_a_dead_one_for_each_reader);
    tcase_add_test(cases, carries_an_openapi_document);
    return cases;
}
