/* SPDX-License-Identifier: Apache-2.0
 * A MongoDB that has nothing and says what a test wants: for what no real server does when it is asked to.
 * One a process, on threads of its own, until the process ends. */
#ifndef COLIS_TESTS_LINKS_MONGO_DOUBLE_H
#define COLIS_TESTS_LINKS_MONGO_DOUBLE_H

enum { DOUBLE_HANGS_UP = -1 };

const char *double_start(void); /* its url; it is the primary of a replica set */
/* From now on each such command is answered with this error, or by the connection's end; 0: well. */
void double_answers(const char *command, int code);
void double_holds(const char *command); /* none such is answered any more, until double_answers of it */
int double_heard(const char *command);  /* how many there were */
void double_until(const char *command, int count); /* so many were heard; fails the test after 40 s */

#endif
