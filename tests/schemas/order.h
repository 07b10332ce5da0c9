/* SPDX-License-Identifier: Apache-2.0
 * Two schemas by hand, closed and open, of one struct that holds what no released message holds yet: arrays
 * of objects, of texts and of words, a decimal, an integer that may be negative, something private in an
 * array. */
#ifndef COLIS_TESTS_SCHEMAS_ORDER_H
#define COLIS_TESTS_SCHEMAS_ORDER_H

#include <stddef.h>

#include "schemas/messages.h"

/* clang-format 14 crashes on rows of braces that are longer than a line */
#define ROW(...)                                                                                             \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

struct line {
    char sku[9];
    bool has_pieces;
    int64_t pieces;
};

struct order {
    char amount[13];
    bool has_paid_at;
    int64_t paid_at;
    struct line lines[3];
    uint16_t lines_count;
    bool has_tags;
    char tags[2][5];
    uint16_t tags_count;
    bool has_kinds;
    int32_t kinds[3];
    uint16_t kinds_count;
};

static const struct field line_fields[] = {
    ROW(.name = "sku", .name_size = 3, .kind = FIELD_STRING, .format = FORMAT_ASCII, .required = true,
        .is_private = true, .offset = offsetof(struct line, sku), .has_offset = UINT16_MAX, .size = 9,
        .min = 1, .max = 8, .below = "too short", .above = "too long"),
    ROW(.name = "pieces", .name_size = 6, .kind = FIELD_INTEGER, .offset = offsetof(struct line, pieces),
        .has_offset = offsetof(struct line, has_pieces), .size = 8, .min = -5, .max = 5, .below = "too few",
        .above = "too many"),
};
static const struct schema line_schema = {"line", line_fields, 2, sizeof(struct line), false};
static const struct field lines_item = {.name = "lines",
                                        .kind = FIELD_OBJECT,
                                        .required = true,
                                        .has_offset = UINT16_MAX,
                                        .size = sizeof(struct line),
                                        .object = &line_schema};
static const struct field tags_item = {.name = "tags",
                                       .kind = FIELD_STRING,
                                       .format = FORMAT_LINE,
                                       .required = true,
                                       .has_offset = UINT16_MAX,
                                       .size = 5,
                                       .min = 0,
                                       .max = 1,
                                       .below = "too short",
                                       .above = "too long"};
static const struct field kinds_item = {.name = "kinds",
                                        .kind = FIELD_CHOICE,
                                        .required = true,
                                        .has_offset = UINT16_MAX,
                                        .size = 4,
                                        .choices = category_choices,
                                        .expected = "no such kind"};
static const struct field order_fields[] = {
    ROW(.name = "amount", .name_size = 6, .kind = FIELD_STRING, .format = FORMAT_DECIMAL, .required = true,
        .offset = offsetof(struct order, amount), .has_offset = UINT16_MAX, .size = 13, .max = 12,
        .below = "too short", .above = "too long"),
    ROW(.name = "paid_at", .name_size = 7, .kind = FIELD_TIME, .offset = offsetof(struct order, paid_at),
        .has_offset = offsetof(struct order, has_paid_at), .size = 8),
    ROW(.name = "lines", .name_size = 5, .kind = FIELD_ARRAY, .required = true,
        .offset = offsetof(struct order, lines), .has_offset = UINT16_MAX, .size = sizeof(struct line),
        .item_kind = FIELD_OBJECT, .count_offset = offsetof(struct order, lines_count), .item = &lines_item,
        .min = 1, .max = 3, .object = &line_schema, .below = "too few lines", .above = "too many lines"),
    ROW(.name = "tags", .name_size = 4, .kind = FIELD_ARRAY, .offset = offsetof(struct order, tags),
        .has_offset = offsetof(struct order, has_tags), .size = 5, .item_kind = FIELD_STRING,
        .count_offset = offsetof(struct order, tags_count), .item = &tags_item, .max = 2,
        .below = "too few tags", .above = "too many tags"),
    ROW(.name = "kinds", .name_size = 5, .kind = FIELD_ARRAY, .offset = offsetof(struct order, kinds),
        .has_offset = offsetof(struct order, has_kinds), .size = 4, .item_kind = FIELD_CHOICE,
        .count_offset = offsetof(struct order, kinds_count), .item = &kinds_item, .max = 3,
        .choices = category_choices, .below = "too few kinds", .above = "too many kinds"),
};
static const struct schema order_schema = {"order", order_fields, 5, sizeof(struct order), false};
static const struct schema open_order_schema = {"order", order_fields, 5, sizeof(struct order), true};
#endif
