/* SPDX-License-Identifier: Apache-2.0
 * The document as a whole. */
#include "tests/domain/print.h"

static const char opening[] =
    "<!-- Printed from the rows of shared/domain by tests/domain/print*.c: VERDICTS_WRITE=1 infra/test "
    "domain. -->\n"
    "# What is permitted, and what follows\n\n"
    "Everything below but the notes at the end is printed from the rows that decide. The verdict of every "
    "state,\n"
    "command and role is in [verdicts.expect](../tests/domain/verdicts.expect).\n\n"
    "- A row is one permitted thing. What has no row is refused: `not_found` (unknown, or somebody else's),\n"
    "  `not_allowed` (not for this role), `ended` (in a terminal state), `wrong_state`, tested in this "
    "order.\n"
    "- Then what the row is provided that, from left to right: the first that does not hold is the reason. "
    "*When*\n"
    "  chooses among rows of one command, state and role: the first that applies.\n"
    "- All facts of a row happen, or none; those in brackets only where they apply. ⇒ are commands that "
    "follow, one\n"
    "  for each booking or person concerned. A refusal changes nothing, but for a wrong code, which is "
    "counted\n"
    "  (`booking.code_failed`).\n"
    "- sender owns the parcel and the booking, traveller the trip; recipient holds the link of one booking; "
    "lead is\n"
    "  staff with more authority; system is timers and what follows from other decisions; payments has asked "
    "the\n"
    "  provider first. Staff who are a party to a booking do not judge it.\n"
    "- \"-\" is what does not exist yet. Time is when the broker stored the command; of a timer, not before "
    "it was due.\n\n";

void print_domain(const struct buf *notes, struct buf *to)
{
    buf_text(to, opening);
    for (int m = 0; machines[m]; m++)
        print_machine(machines[m], to);
    print_tables(to);
    buf_append(to, notes->data, notes->size);
}
