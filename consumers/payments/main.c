/* SPDX-License-Identifier: Apache-2.0
 * colis-payments: moves money at the provider, and tells the projector what the provider did.
 *
 * Two single-threaded halves that meet in PostgreSQL. The reading half (intake.c) turns payment facts and
 * providers' reports into rows of bus.payment_task, with its positions in the same transaction. The working
 * half (work.c) claims rows and speaks to Flutterwave (flutterwave.c), saying what became of it by commands
 * whose ids derive from what they say.
 *
 *     fact -> bus.payment_task -> Flutterwave -> command -> projector -> fact
 *
 * It decides nothing: whether money is enough, late or twice is the domain's to say. Names, addresses and
 * accounts are read from private values when a call is made, and stand in no log, no topic and no row of its
 * own. */
#include "consumers/payments/intake.h"
#include "consumers/payments/work.h"
#include "shared/links/kafka_out.h"
#include "shared/links/postgres.h"
#include "shared/run/service.h"

static int run(void *self)
{
    (void)self;
    work_metrics();
    intake_metrics();
    TRY(work_start());
    int read = intake_run();
    service_stop();
    int worked = work_stop();
    return error_forward(read < 0 ? read : worked);
}

int main(int argc, char **argv)
{
    static const struct setting *const tables[] = {work_settings,
                                                   flutterwave_settings,
                                                   reader_settings,
                                                   postgres_settings,
                                                   kafka_settings,
                                                   kafka_out_settings,
                                                   NULL};
    static const struct service service = {
        .name = "payments",
        .purpose = "Moves money at the provider: links to pay on, refunds, payouts.",
        .settings = tables,
        .run = run,
    };
    return service_main(&service, argc, argv);
}
