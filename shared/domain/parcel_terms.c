/* SPDX-License-Identifier: Apache-2.0
 * What the sender says of a parcel: P1 register, P2 correct, P3 change the recipient. */
#include <string.h>

#include "shared/domain/booking_facts.h"
#include "shared/domain/limits.h"
#include "shared/domain/parcel.h"
#include "shared/domain/place.h"

static enum refusal refuse_unless(bool holds, enum refusal refusal)
{
    return holds ? REFUSAL_NONE : refusal;
}

static const struct parcel_correct_v1 *correcting(const struct rule_situation *situation)
{
    return situation->command->data;
}

static bool registers(const struct rule_situation *situation)
{
    return situation->command->row->schema == &parcel_register_v1_schema;
}

static struct parcel_corrected_v1 registered_terms(const struct parcel_register_v1 *asked)
{
    return (struct parcel_corrected_v1){
        .origin = place_of(&asked->origin),
        .destination = place_of(&asked->destination),
        .weight_g = asked->weight_g,
        .has_size = asked->has_size,
        .size = asked->size,
        .category = asked->category,
        .value = asked->value,
        .has_ready_from = asked->has_ready_from,
        .ready_from = asked->ready_from,
        .has_deliver_by = asked->has_deliver_by,
        .deliver_by = asked->deliver_by,
        .has_fragile = asked->has_fragile,
        .fragile = asked->fragile,
    };
}

/* What is given replaces what is known. */
static struct parcel_corrected_v1 corrected_terms(const struct parcel_correct_v1 *asked,
                                                  const struct parcel_state *parcel)
{
    return (struct parcel_corrected_v1){
        .origin = asked->has_origin ? place_of(&asked->origin) : parcel->origin,
        .destination = asked->has_destination ? place_of(&asked->destination) : parcel->destination,
        .weight_g = asked->has_weight_g ? asked->weight_g : parcel->weight_g,
        .has_size = asked->has_size || parcel->has_size,
        .size = asked->has_size ? asked->size : parcel->size,
        .category = asked->has_category ? asked->category : parcel->category,
        .value = asked->has_value ? asked->value : parcel->value,
        .has_ready_from = asked->has_ready_from || parcel->has_ready_from,
        .ready_from = asked->has_ready_from ? asked->ready_from : parcel->ready_from,
        .has_deliver_by = asked->has_deliver_by || parcel->has_deliver_by,
        .deliver_by = asked->has_deliver_by ? asked->deliver_by : parcel->deliver_by,
        .has_fragile = asked->has_fragile || parcel->has_fragile,
        .fragile = asked->has_fragile ? asked->fragile : parcel->fragile,
        .recipient_n = asked->has_recipient ? parcel->version + 1 : parcel->recipient_n,
    };
}

/* The parcel as it would be after the command. */
static struct parcel_corrected_v1 terms_of(const struct rule_situation *situation)
{
    return registers(situation) ? registered_terms(situation->command->data)
                                : corrected_terms(correcting(situation), situation->world->parcel);
}

static bool same_value(const struct money *one, const struct money *other)
{
    return one->amount == other->amount && strcmp(one->currency, other->currency) == 0;
}

/* What the sender declared: contents and value. Other corrections leave the signature good. */
static bool declares_anew(const struct parcel_correct_v1 *asked, const struct parcel_state *parcel)
{
    return asked->has_declaration || asked->has_description ||
           (asked->has_category && asked->category != parcel->category) ||
           (asked->has_value && !same_value(&asked->value, &parcel->value));
}

enum refusal parcel_sender_not_blocked(const struct rule_situation *situation)
{
    const struct profile_state *sender = situation->world->sender;

    return refuse_unless(!sender || !sender->blocked, REFUSAL_BLOCKED);
}

enum refusal parcel_declaration_signed(const struct rule_situation *situation)
{
    const struct parcel_register_v1 *asked = situation->command->data;
    const struct parcel_correct_v1 *corrects = situation->command->data;

    if (registers(situation))
        return refuse_unless(asked->has_declaration && asked->declaration.agreed,
                             REFUSAL_DECLARATION_MISSING);
    return refuse_unless(!declares_anew(corrects, situation->world->parcel) ||
                             (corrects->has_declaration && corrects->declaration.agreed),
                         REFUSAL_DECLARATION_MISSING);
}

enum refusal parcel_goods_allowed(const struct rule_situation *situation)
{
    const struct parcel_corrected_v1 terms = terms_of(situation);

    return refuse_unless(
        limits_goods_allowed(terms.category, terms.origin.country, terms.destination.country),
        REFUSAL_GOODS_PROHIBITED);
}

/* A currency we do not deal in has no cap: that is refused for itself. */
enum refusal parcel_value_within_cap(const struct rule_situation *situation)
{
    const struct parcel_corrected_v1 terms = terms_of(situation);
    const struct limits_currency *limits = limits_of(terms.value.currency);
    const struct profile_state *sender = situation->world->sender;
    int64_t tier = sender && sender->tier > 0 && sender->tier < LIMITS_TIERS ? sender->tier : 0;

    return refuse_unless(!limits || terms.value.amount <= limits->value_cap[tier], REFUSAL_VALUE_OVER_CAP);
}

/* What no traveller of any tier may carry cannot be sent. */
enum refusal parcel_weight_in_range(const struct rule_situation *situation)
{
    int64_t grams = terms_of(situation).weight_g;

    return refuse_unless(grams > 0 && grams <= limits_tier(LIMITS_TIERS - 1)->carries_g,
                         REFUSAL_WEIGHT_OUT_OF_RANGE);
}

enum refusal parcel_dates_in_order(const struct rule_situation *situation)
{
    const struct parcel_corrected_v1 terms = terms_of(situation);

    if (!terms.has_deliver_by)
        return REFUSAL_NONE;
    return refuse_unless(terms.deliver_by > situation->now_ms &&
                             (!terms.has_ready_from || terms.ready_from < terms.deliver_by),
                         REFUSAL_BAD_DATES);
}

enum refusal parcel_currency_known(const struct rule_situation *situation)
{
    return refuse_unless(limits_of(terms_of(situation).value.currency) != NULL, REFUSAL_CURRENCY_UNSUPPORTED);
}

enum refusal parcel_not_flagged(const struct rule_situation *situation)
{
    return refuse_unless(!situation->world->parcel->has_flag, REFUSAL_PARCEL_FLAGGED);
}

void parcel_register(struct rule_situation *situation)
{
    const struct parcel_corrected_v1 terms = terms_of(situation);

    EMIT(situation, parcel_registered_v1, .state = PARCEL_STATUS_REGISTERED, .sender = rule_caller(situation),
         .origin = terms.origin, .destination = terms.destination, .weight_g = terms.weight_g,
         .has_size = terms.has_size, .size = terms.size, .category = terms.category, .value = terms.value,
         .has_ready_from = terms.has_ready_from, .ready_from = terms.ready_from,
         .has_deliver_by = terms.has_deliver_by, .deliver_by = terms.deliver_by,
         .has_fragile = terms.has_fragile, .fragile = terms.fragile);
    parcel_keep(situation, "register");
}

void parcel_correct(struct rule_situation *situation)
{
    const struct parcel_correct_v1 *asked = correcting(situation);
    const struct parcel_corrected_v1 fact = terms_of(situation);

    rule_emit(situation, &parcel_corrected_v1_schema, &fact);
    if (asked->has_recipient || asked->has_description || asked->has_origin || asked->has_destination)
        parcel_keep(situation, "correct");
}

/* P3 */

enum refusal parcel_only_recipient_given(const struct rule_situation *situation)
{
    const struct parcel_correct_v1 *asked = correcting(situation);
    bool other = asked->has_origin || asked->has_destination || asked->has_weight_g || asked->has_size ||
                 asked->has_category || asked->has_value || asked->has_description || asked->has_ready_from ||
                 asked->has_deliver_by || asked->has_fragile || asked->has_declaration;

    return refuse_unless(asked->has_recipient && !other, REFUSAL_FIELD_LOCKED);
}

enum refusal parcel_recipient_changes_left(const struct rule_situation *situation)
{
    return refuse_unless(situation->world->parcel->recipient_changes < COUNT_RECIPIENT_CHANGES,
                         REFUSAL_CORRECTION_LIMIT);
}

/* Once collected a delivery code is out: the new one is for the new recipient. */
void parcel_change_recipient(struct rule_situation *situation)
{
    const struct parcel_state *parcel = situation->world->parcel;

    EMIT(situation, parcel_recipient_changed_v1, .recipient_n = parcel->version + 1);
    if (parcel->state != PARCEL_STATUS_BOOKED && parcel_booking_of(situation))
        booking_issue_code(situation, CODE_PURPOSE_DELIVERY, (int32_t)rule_party(situation));
    parcel_keep(situation, "correct");
}
