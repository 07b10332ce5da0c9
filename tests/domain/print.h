/* SPDX-License-Identifier: Apache-2.0
 * Prints docs/domain.md from the rows that decide: what it says is what is done. */
#ifndef COLIS_TESTS_DOMAIN_PRINT_H
#define COLIS_TESTS_DOMAIN_PRINT_H

#include "shared/domain/rule.h"

/* The whole document; notes: the text of docs/domain.notes.md, which ends it. */
void print_domain(const struct buf *notes, struct buf *to);

/* print_rules.c: a machine's chapter. print_tables.c: all other rows. */
void print_machine(const struct machine *machine, struct buf *to);
void print_tables(struct buf *to);

/* "capacity not below reserved"; words of a choice: "refused at pickup". */
void print_words(const char *name, struct buf *to);
/* The choices whose bits are set, with commas; from value 1. all: what to say of all of them. */
void print_choices(const struct choice *choices, uint32_t bits, const char *all, struct buf *to);

#endif
