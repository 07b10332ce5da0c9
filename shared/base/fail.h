/* SPDX-License-Identifier: Apache-2.0
 * Named instants at which a test has a program die (tests/faults/rows_points.py): between two things that
 * ought to happen together and cannot. A program of ours has none of them: they are there only where
 * COLIS_FAIL_POINTS is defined, which tests/faults/meson.build alone does, for programs of its own made of
 * the same files.
 *
 * COLIS_FAIL_POINT=NAME:N in the environment: the process kills itself (SIGKILL) when it passes NAME for the
 * N-th time, and says so on its standard error before. */
#ifndef COLIS_BASE_FAIL_H
#define COLIS_BASE_FAIL_H

#ifdef COLIS_FAIL_POINTS
void fail_point(const char *name, const char *of);
#define FAIL_POINT(name)        fail_point(name, "")
#define FAIL_POINT_OF(name, of) fail_point(name "-", of) /* one of many: "sent-commit" */
#else
#define FAIL_POINT(name)        ((void)0)
#define FAIL_POINT_OF(name, of) ((void)0)
#endif

#endif
