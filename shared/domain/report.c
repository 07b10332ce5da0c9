/* SPDX-License-Identifier: Apache-2.0
 * What a provider's webhook told us, once each: it is believed in nothing, payments asks the provider again.
 */
#include <string.h>

#include "shared/domain/rule.h"

static void record(struct rule_situation *situation)
{
    const struct report_record_v1 *told = situation->command->data;
    struct report_recorded_v1 fact = {
        .state = REPORT_STATUS_RECORDED,
        .provider = told->provider,
        .event_kind = told->event_kind,
        .has_event = told->has_event,
        .has_provider_id = told->has_provider_id,
        .has_reference = told->has_reference,
        .has_charge_id = told->has_charge_id,
        .has_status = told->has_status,
        .has_amount = told->has_amount,
        .has_currency = told->has_currency,
        .has_occurred_at = told->has_occurred_at,
        .occurred_at = told->occurred_at,
    };

    memcpy(fact.event, told->event, sizeof(fact.event));
    memcpy(fact.provider_id, told->provider_id, sizeof(fact.provider_id));
    memcpy(fact.reference, told->reference, sizeof(fact.reference));
    memcpy(fact.charge_id, told->charge_id, sizeof(fact.charge_id));
    memcpy(fact.status, told->status, sizeof(fact.status));
    memcpy(fact.amount, told->amount, sizeof(fact.amount));
    memcpy(fact.currency, told->currency, sizeof(fact.currency));
    memcpy(fact.digest, told->digest, sizeof(fact.digest));
    rule_emit(situation, &report_recorded_v1_schema, &fact);
}

static void apply_recorded(void *state, const struct domain_fact *fact)
{
    const struct report_recorded_v1 *recorded = FACT(fact, report_recorded_v1);
    struct report_state *report = state;

    report->provider = recorded->provider;
    report->event_kind = recorded->event_kind;
    report->has_event = recorded->has_event;
    memcpy(report->event, recorded->event, sizeof(report->event));
    report->has_provider_id = recorded->has_provider_id;
    memcpy(report->provider_id, recorded->provider_id, sizeof(report->provider_id));
    report->has_reference = recorded->has_reference;
    memcpy(report->reference, recorded->reference, sizeof(report->reference));
    report->has_charge_id = recorded->has_charge_id;
    memcpy(report->charge_id, recorded->charge_id, sizeof(report->charge_id));
    report->has_status = recorded->has_status;
    memcpy(report->status, recorded->status, sizeof(report->status));
    report->has_amount = recorded->has_amount;
    memcpy(report->amount, recorded->amount, sizeof(report->amount));
    report->has_currency = recorded->has_currency;
    memcpy(report->currency, recorded->currency, sizeof(report->currency));
    report->has_occurred_at = recorded->has_occurred_at;
    report->occurred_at = recorded->occurred_at;
    memcpy(report->digest, recorded->digest, sizeof(report->digest));
}

/* Nobody's: providers report, nobody owns. */
static uint32_t who(const struct domain_world *world, const char *principal)
{
    (void)world;
    (void)principal;
    return 0;
}

/* clang-format off */
static const struct rule rules[] = {
/*   no    command          from          who                  guards facts                to                      act */
    {"W1", "report.record", FROM_NOTHING, WHO_WEBHOOK, ALWAYS, {{0}}, {"report.recorded"}, REPORT_STATUS_RECORDED, record},
    {0},
};

static const struct fold folds[] = {
/*   fact                        from          to                          enters by */
    {&report_recorded_v1_schema, FROM_NOTHING, TO(REPORT_STATUS_RECORDED), apply_recorded},
    {0},
};
/* clang-format on */

const struct machine report_machine = {
    .kind = "report",
    .slot = SLOT_REPORT,
    .state = &report_state_schema,
    .rules = rules,
    .folds = folds,
    .terminal = FROM(REPORT_STATUS_RECORDED),
    .states = report_status_choices,
    .who = who,
};
