/* SPDX-License-Identifier: Apache-2.0
 * colis-notifier: tells people what happened.
 *
 * Two single-threaded halves that meet in PostgreSQL. The reading half (intake.c) takes facts and writes a
 * row of bus.notification for each person to be told (notice.c is the table of who is told what), with its
 * positions in the same transaction. The sending half (sender.c) claims rows and hands them to a provider
 * (provider.c is the table of those; mail by SMTP today), with retries that outlive the process.
 *
 *     fact -> notice rows -> bus.notification: queued -> sending -> sent
 *                                                  ^-- later --'  `-> dead (refused, no_address, superseded)
 *
 * Who the parties of a fact are it says itself, or the row it is about does (parties.c). A crash between
 * sending and recording makes one possible repeat, flagged as such; never silence. Names, addresses and pages
 * to pay on are read from the private tables when a mail is made (queue.c), a recipient's code and link are
 * computed then (reveal.c): they stand in no log, no topic and no other row. A secret that another took the
 * place of is not sent. */
#include "consumers/notifier/intake.h"
#include "consumers/notifier/provider.h"
#include "consumers/notifier/reveal.h"
#include "consumers/notifier/sender.h"
#include "shared/links/curl.h"
#include "shared/links/kafka_out.h"
#include "shared/links/postgres.h"
#include "shared/run/handover.h"
#include "shared/run/service.h"

static int run(void *self)
{
    (void)self;
    sender_metrics();
    intake_metrics();
    TRY(sender_start());
    int read = intake_run();
    service_stop();
    int sent = sender_stop();
    return error_forward(read < 0 ? read : sent);
}

int main(int argc, char **argv)
{
    static const struct setting *const tables[] = {sender_settings,
                                                   smtp_settings,
                                                   provider_smtp_settings,
                                                   reveal_settings,
                                                   handover_settings,
                                                   link_settings,
                                                   reader_settings,
                                                   postgres_settings,
                                                   kafka_settings,
                                                   kafka_out_settings,
                                                   NULL};
    static const struct service service = {
        .name = "notifier",
        .purpose = "Tells people what happened: facts become mails.",
        .settings = tables,
        .run = run,
    };
    return service_main(&service, argc, argv);
}
