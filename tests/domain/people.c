/* SPDX-License-Identifier: Apache-2.0
 * Reviews, profiles, saved searches and providers' reports, row by row. */
#include "shared/domain/review.h"
#include "tests/domain/stage.h"

static void stage_review(void)
{
    stage.review.version = 1;
    stage.review.state = REVIEW_STATUS_OPEN;
    stage.review.close_epoch = 1;
    stage.review.booking = stage.booking.id;
    strcpy(stage.review.sender.text, sender);
    strcpy(stage.review.traveller.text, traveller);
}

static const char *rated(const char *principal, int64_t score, const char *text)
{
    struct review_rate_v1 says = {.score = score, .has_text = text != NULL};

    if (text)
        strcpy(says.text, text);
    return verdict("review.rate", principal, "person", &says);
}

START_TEST(a_review_is_published_when_both_have_rated)
{
    stage_review();
    ck_assert_str_eq(rated(stranger, 5, NULL), "not_found");
    ck_assert_str_eq(rated(traveller, 4, "Well packed."), "accepted");
    ck_assert_str_eq(facts(), "review.rated");
    ck_assert_str_eq(kept(), "rate 1");
    ck_assert_int_eq(stage.review.state, REVIEW_STATUS_SEALED);
    ck_assert_str_eq(stage.decision.facts[0].key.text, stage.booking.id.text);
    ck_assert_str_eq(rated(traveller, 5, NULL), "already_recorded");
    ck_assert_str_eq(rated(sender, 2, "Late."), "accepted");
    ck_assert_str_eq(facts(), "review.rated review.published");
    ck_assert_str_eq(kept(), "rate 2");
    ck_assert_int_eq(DATA(1, review_published_v1)->sender_score, 2);
    ck_assert_int_eq(DATA(1, review_published_v1)->traveller_score, 4);
    ck_assert_str_eq(rated(sender, 2, NULL), "ended");
}
END_TEST

START_TEST(a_booking_that_is_over_opens_one_review_for_two_weeks)
{
    struct domain_world world = stage_world();
    struct rule_situation situation = {.world = &world, .now_ms = NOW, .decision = &stage.decision};

    stage_booked(PARCEL_STATUS_DELIVERED, BOOKING_STATUS_DELIVERED);
    review_open(&situation);
    review_open(&situation);
    ck_assert_int_eq(situation.broken, 0);
    ck_assert_str_eq(facts(), "review.opened");
    ck_assert_str_eq(timers(), "review_close");
    ck_assert_int_eq(stage.decision.follows[0].due_ms, NOW + 14 * DAYS);
    ck_assert_str_eq(stage.decision.follows[0].key.text, stage.booking.id.text);
    ck_assert_str_eq(rated(traveller, 3, NULL), "accepted");
}
END_TEST

START_TEST(a_review_closes_with_what_there_is)
{
    stage_review();
    ck_assert_str_eq(timer("review.publish", 2), "timer_void");
    ck_assert_str_eq(verdict("review.publish", sender, "person", NULL), "not_allowed");
    ck_assert_str_eq(timer("review.publish", 1), "accepted");
    ck_assert_str_eq(facts(), "review.voided");
    stage_set();
    stage_review();
    ck_assert_str_eq(rated(sender, 5, NULL), "accepted");
    ck_assert_str_eq(kept(), "");
    ck_assert_str_eq(timer("review.publish", 1), "accepted");
    ck_assert_str_eq(facts(), "review.published");
    ck_assert(DATA(0, review_published_v1)->has_sender_score);
    ck_assert(!DATA(0, review_published_v1)->has_traveller_score);
}
END_TEST

START_TEST(a_person_is_known_by_their_own_word)
{
    ck_assert_str_eq(verdict("profile.update", stranger, "person", NULL), "not_found");
    ck_assert_str_eq(verdict("profile.set_payout_account", sender, "person", NULL), "not_found");
    ck_assert_str_eq(verdict("profile.update", sender, "person", NULL), "accepted");
    ck_assert_str_eq(facts(), "profile.updated");
    ck_assert_str_eq(kept(), "profile 1");
    ck_assert_int_eq(stage.profile.tier, 0);
    ck_assert_str_eq(verdict("profile.update", sender, "person", NULL), "accepted");
    ck_assert_str_eq(kept(), "profile 2");
    ck_assert_str_eq(verdict("profile.update", stranger, "staff", NULL), "not_allowed");
    ck_assert_str_eq(verdict("profile.set_payout_account", sender, "person", NULL), "accepted");
    ck_assert_str_eq(kept(), "payout_account 1");
    ck_assert_int_eq(stage.profile.payout_n, 1);
    ck_assert_int_eq(stage.profile.payout_since, NOW);
}
END_TEST

static void stage_known(int64_t tier)
{
    stage.profile.version = 1;
    stage.profile.state = PROFILE_STATUS_KNOWN;
    stage.profile.tier = tier;
}

START_TEST(staff_say_a_persons_standing_with_a_reason)
{
    struct profile_set_tier_v1 tier = {
        .tier = 2, .has_reason = true, .reason = STAFF_REASON_IDENTITY_CHECKED};
    struct profile_block_v1 block = {.has_reason = true, .reason = STAFF_REASON_FRAUD};
    struct profile_unblock_v1 unblock = {.has_reason = true, .reason = STAFF_REASON_APPEAL};

    stage_known(0);
    ck_assert_str_eq(verdict("profile.set_tier", sender, "person", &tier), "not_allowed");
    ck_assert_str_eq(verdict("profile.set_tier", stranger, "staff", NULL), "reason_missing");
    ck_assert_str_eq(verdict("profile.set_tier", stranger, "staff", &tier), "accepted");
    ck_assert_int_eq(stage.profile.tier, 2);
    ck_assert_str_eq(verdict("profile.block", stranger, "staff", NULL), "reason_missing");
    ck_assert_str_eq(verdict("profile.block", stranger, "staff", &block), "accepted");
    ck_assert_int_eq(DATA(0, profile_blocked_v1)->reason, STAFF_REASON_FRAUD);
    ck_assert(stage.profile.blocked);
    ck_assert_str_eq(verdict("profile.unblock", stranger, "staff", NULL), "reason_missing");
    ck_assert_str_eq(verdict("profile.unblock", stranger, "staff", &unblock), "accepted");
    ck_assert(!stage.profile.blocked);
}
END_TEST

START_TEST(staff_do_not_say_their_own_standing)
{
    struct profile_set_tier_v1 tier = {
        .tier = 3, .has_reason = true, .reason = STAFF_REASON_IDENTITY_CHECKED};
    struct profile_block_v1 block = {.has_reason = true, .reason = STAFF_REASON_FRAUD};
    struct profile_unblock_v1 unblock = {.has_reason = true, .reason = STAFF_REASON_APPEAL};

    stage_known(0);
    ck_assert_str_eq(verdict("profile.set_tier", sender, "staff", &tier), "not_allowed");
    ck_assert_str_eq(verdict("profile.set_tier", sender, "lead", &tier), "not_allowed");
    ck_assert_str_eq(verdict("profile.block", sender, "staff", &block), "not_allowed");
    stage.profile.blocked = true;
    ck_assert_str_eq(verdict("profile.unblock", sender, "lead", &unblock), "not_allowed");
}
END_TEST

static const char *faulted(int64_t marks)
{
    struct profile_count_fault_v1 says = {.booking = stage.booking.id, .marks = marks};

    ck_assert_str_eq(verdict("profile.count_fault", "", "system", &says), "accepted");
    return facts();
}

START_TEST(three_faults_lower_the_tier_once_and_five_block)
{
    stage_known(2);
    ck_assert_str_eq(faulted(2), "profile.fault_counted profile.fault_counted");
    ck_assert_str_eq(faulted(1), "profile.fault_counted profile.tier_set");
    ck_assert_int_eq(stage.profile.tier, 1);
    ck_assert_str_eq(faulted(1), "profile.fault_counted");
    ck_assert_str_eq(faulted(1), "profile.fault_counted profile.blocked");
    ck_assert(stage.profile.blocked);
    ck_assert_str_eq(faulted(1), "profile.fault_counted");
    ck_assert_int_eq(stage.profile.tier, 1);
}
END_TEST

START_TEST(faults_of_90_days_ago_no_longer_count)
{
    stage_known(2);
    faulted(2);
    stage.now = NOW + 90 * DAYS;
    ck_assert_str_eq(faulted(2), "profile.fault_counted profile.fault_counted");
    ck_assert_str_eq(faulted(1), "profile.fault_counted profile.tier_set");
    stage_set();
    stage_known(0);
    faulted(2);
    stage.now = NOW + 90 * DAYS - 1;
    ck_assert_str_eq(faulted(2), "profile.fault_counted profile.fault_counted");
    ck_assert_str_eq(faulted(1), "profile.fault_counted profile.blocked");
}
END_TEST

START_TEST(the_newest_sixteen_marks_are_kept)
{
    struct profile_count_done_v1 done = {.booking = stage.booking.id};

    stage_known(0);
    for (int i = 0; i < 20; i++) {
        stage.now = NOW + i;
        faulted(1);
    }
    ck_assert_int_eq(stage.profile.faults_count, 16);
    ck_assert_int_eq(stage.profile.faults[0].at, NOW + 4);
    ck_assert_int_eq(stage.profile.faults[15].at, NOW + 19);
    ck_assert_str_eq(verdict("profile.count_done", sender, "person", &done), "not_allowed");
    ck_assert_str_eq(verdict("profile.count_done", "", "system", &done), "accepted");
    ck_assert_int_eq(stage.profile.done, 1);
}
END_TEST

static struct search_save_v1 saving(void)
{
    struct search_save_v1 says = {.origin = {"FR", "Paris"}, .destination = {"SN", "Dakar"}};

    return says;
}

#define SAVED(change, word)                                                                                  \
    do {                                                                                                     \
        struct search_save_v1 says = saving();                                                               \
        stage_set();                                                                                         \
        change;                                                                                              \
        ck_assert_str_eq(verdict("search.save", sender, "person", &says), word);                             \
    } while (0)

START_TEST(a_search_is_saved_if_some_trip_could_match_it)
{
    SAVED((void)says, "accepted");
    ck_assert_str_eq(facts(), "search.saved");
    ck_assert_str_eq(stage.search.owner.text, sender);
    ck_assert_str_eq(stage.search.destination.city, "Dakar");
    SAVED(says.destination = says.origin, "same_place");
    SAVED((says.has_until = true, says.until = NOW), "bad_dates");
    SAVED((says.has_until = says.has_from = true, says.until = NOW + DAYS, says.from = NOW + DAYS + 1),
          "bad_dates");
    SAVED((says.has_max_price = true, says.max_price = 5000), "currency_unsupported");
    SAVED((says.has_currency = true, strcpy(says.currency, "USD")), "currency_unsupported");
    SAVED((says.has_max_price = says.has_currency = true, strcpy(says.currency, "XAF")), "accepted");
}
END_TEST

START_TEST(a_search_is_dropped_by_its_owner)
{
    struct search_drop_v1 note = {.has_note = true, .note = "Found one."};

    SAVED((void)says, "accepted");
    ck_assert_str_eq(verdict("search.drop", stranger, "person", &note), "not_found");
    ck_assert_str_eq(verdict("search.drop", stranger, "staff", &note), "not_allowed");
    ck_assert_str_eq(verdict("search.drop", sender, "person", &note), "accepted");
    ck_assert_str_eq(facts(), "search.dropped");
    ck_assert_str_eq(kept(), "drop 2");
    ck_assert_str_eq(verdict("search.drop", sender, "person", &note), "ended");
}
END_TEST

START_TEST(a_providers_report_is_recorded_once_as_it_came)
{
    struct report_record_v1 says = {.provider = PAYMENT_PROVIDER_FLUTTERWAVE,
                                    .event_kind = REPORT_KIND_CHARGE,
                                    .has_reference = true,
                                    .reference = "b-1",
                                    .has_amount = true,
                                    .amount = "10920.00"};

    memset(says.digest, 'a', 64);
    ck_assert_str_eq(verdict("report.record", sender, "person", &says), "not_allowed");
    ck_assert_str_eq(verdict("report.record", "", "webhook", &says), "accepted");
    ck_assert_str_eq(facts(), "report.recorded");
    ck_assert_str_eq(stage.report.amount, "10920.00");
    ck_assert_str_eq(stage.report.reference, "b-1");
    ck_assert(!stage.report.has_status);
    ck_assert_str_eq(verdict("report.record", "", "webhook", &says), "ended");
}
END_TEST

TCase *people_cases(void)
{
    TCase *cases = tcase_create("people");

    tcase_add_checked_fixture(cases, stage_set, NULL);
    tcase_add_test(cases, a_review_is_published_when_both_have_rated);
    tcase_add_test(cases, a_booking_that_is_over_opens_one_review_for_two_weeks);
    tcase_add_test(cases, a_review_closes_with_what_there_is);
    tcase_add_test(cases, a_person_is_known_by_their_own_word);
    tcase_add_test(cases, staff_say_a_persons_standing_with_a_reason);
    tcase_add_test(cases, staff_do_not_say_their_own_standing);
    tcase_add_test(cases, three_faults_lower_the_tier_once_and_five_block);
    tcase_add_test(cases, faults_of_90_days_ago_no_longer_count);
    tcase_add_test(cases, the_newest_sixteen_marks_are_kept);
    tcase_add_test(cases, a_search_is_saved_if_some_trip_could_match_it);
    tcase_add_test(cases, a_search_is_dropped_by_its_owner);
    tcase_add_test(cases, a_providers_report_is_recorded_once_as_it_came);
    return cases;
}
