/* SPDX-License-Identifier: Apache-2.0
 * What a sender says of a parcel (P1-P5, P14), row by row. */
#include <stdio.h>

#include "tests/domain/stage.h"

static struct parcel_register_v1 registering(void)
{
    struct parcel_register_v1 says = {.weight_g = 2500,
                                      .category = CATEGORY_CLOTHES,
                                      .value = {40000, "XOF"},
                                      .has_size = true,
                                      .size = {300, 200, 100},
                                      .has_fragile = true,
                                      .fragile = true,
                                      .has_declaration = true,
                                      .declaration = {.agreed = true, .text_version = 1}};

    strcpy(says.recipient.name, "Awa Ndiaye");
    strcpy(says.recipient.phone, "+221770000000");
    strcpy(says.origin.country, "FR");
    strcpy(says.origin.city, "Paris");
    strcpy(says.destination.country, "SN");
    strcpy(says.destination.city, "Dakar");
    return says;
}

START_TEST(a_parcel_is_registered_as_its_sender_says)
{
    struct parcel_register_v1 says = registering();

    says.has_deliver_by = true;
    says.deliver_by = NOW + DAYS;
    ck_assert_str_eq(verdict("parcel.register", sender, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.registered");
    ck_assert_str_eq(timers(), "parcel_stale");
    ck_assert_int_eq(stage.decision.follows[0].due_ms, NOW + 8 * DAYS);
    ck_assert_str_eq(kept(), "register 1");
    ck_assert_int_eq(stage.parcel.recipient_n, 1);
    ck_assert_int_eq(stage.parcel.stale_epoch, 1);
    ck_assert_str_eq(stage.parcel.sender.text, sender);
    ck_assert_str_eq(stage.parcel.destination.city, "Dakar");
    ck_assert_int_eq(stage.parcel.size.width_mm, 200);
    ck_assert(stage.parcel.has_fragile && stage.parcel.fragile);
    ck_assert(!stage.parcel.has_ready_from);
}
END_TEST

#define REGISTERED(change, word)                                                                             \
    do {                                                                                                     \
        struct parcel_register_v1 says = registering();                                                      \
        stage_set();                                                                                         \
        change;                                                                                              \
        ck_assert_str_eq(verdict("parcel.register", sender, "person", &says), word);                         \
    } while (0)

START_TEST(a_parcel_is_not_registered_undeclared_prohibited_too_dear_or_too_heavy)
{
    REGISTERED(stage.sender.blocked = true, "blocked");
    REGISTERED(says.has_declaration = false, "declaration_missing");
    REGISTERED(says.declaration.agreed = false, "declaration_missing");
    REGISTERED((says.category = CATEGORY_FOOD, strcpy(says.destination.country, "US")), "goods_prohibited");
    REGISTERED(says.value.amount = 200000, "accepted");
    REGISTERED(says.value.amount = 200001, "value_over_cap");
    REGISTERED((stage.sender.tier = 0, says.value.amount = 50001), "value_over_cap");
    REGISTERED((stage.sender = (struct profile_state){.id = stage.sender.id}, says.value.amount = 50001),
               "value_over_cap");
    REGISTERED((stage.sender.tier = 3, says.value.amount = 1500000), "accepted");
    REGISTERED(says.weight_g = 32000, "accepted");
    REGISTERED(says.weight_g = 32001, "weight_out_of_range");
    REGISTERED((says.has_deliver_by = true, says.deliver_by = NOW), "bad_dates");
    REGISTERED((says.has_deliver_by = true, says.deliver_by = NOW + DAYS, says.has_ready_from = true,
                says.ready_from = NOW + DAYS),
               "bad_dates");
    REGISTERED(strcpy(says.value.currency, "USD"), "currency_unsupported");
    REGISTERED((says.value.amount = 30001, strcpy(says.value.currency, "EUR")), "value_over_cap");
}
END_TEST

#define CORRECTED(change, word)                                                                              \
    do {                                                                                                     \
        struct parcel_correct_v1 says = {0};                                                                 \
        stage_set();                                                                                         \
        stage_parcel();                                                                                      \
        change;                                                                                              \
        ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), word);                          \
    } while (0)
#define AGREED (says.has_declaration = true, says.declaration.agreed = true)

START_TEST(a_correction_carries_the_whole_new_truth)
{
    CORRECTED((says.has_weight_g = true, says.weight_g = 1500), "accepted");
    ck_assert_str_eq(facts(), "parcel.corrected");
    ck_assert_str_eq(timers(), "parcel_stale");
    ck_assert_str_eq(kept(), "");
    ck_assert_int_eq(DATA(0, parcel_corrected_v1)->weight_g, 1500);
    ck_assert_str_eq(DATA(0, parcel_corrected_v1)->origin.city, "Paris");
    ck_assert_int_eq(DATA(0, parcel_corrected_v1)->value.amount, 40000);
    ck_assert_int_eq(DATA(0, parcel_corrected_v1)->recipient_n, 1);
    ck_assert_int_eq(stage.parcel.deliver_by, NOW + 10 * DAYS);
    ck_assert_int_eq(stage.parcel.stale_epoch, 2);
    ck_assert_str_eq(timer("parcel.cancel", 1), "timer_void");
}
END_TEST

START_TEST(a_corrected_recipient_is_the_newest_record_that_holds_one)
{
    struct parcel_correct_v1 says = {.has_recipient = true};
    struct parcel_correct_v1 address = {.has_destination = true,
                                        .destination = {.country = "SN", .city = "Thies"}};

    stage_parcel();
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), "accepted");
    ck_assert_str_eq(kept(), "correct 2");
    ck_assert_int_eq(stage.parcel.recipient_n, 2);
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &address), "accepted");
    ck_assert_str_eq(kept(), "correct 3");
    ck_assert_int_eq(stage.parcel.recipient_n, 2);
    ck_assert_int_eq(stage.parcel.recipient_changes, 0);
    ck_assert_str_eq(stage.parcel.destination.city, "Thies");
}
END_TEST

START_TEST(a_correction_is_held_to_the_rules_of_a_registration)
{
    CORRECTED((says.has_value = true, says.value = (struct money){50000, "XOF"}), "declaration_missing");
    CORRECTED((AGREED, says.has_value = true, says.value = (struct money){50000, "XOF"}), "accepted");
    CORRECTED((says.has_value = true, says.value = stage.parcel.value), "accepted");
    CORRECTED((says.has_description = true), "declaration_missing");
    CORRECTED((says.has_category = true, says.category = CATEGORY_FOOD), "declaration_missing");
    CORRECTED((says.has_declaration = true), "declaration_missing");
    CORRECTED((stage.parcel.category = CATEGORY_FOOD, says.has_destination = true,
               strcpy(says.destination.country, "US")),
              "goods_prohibited");
    CORRECTED((AGREED, says.has_value = true, says.value = (struct money){200001, "XOF"}), "value_over_cap");
    CORRECTED((says.has_weight_g = true, says.weight_g = 32001), "weight_out_of_range");
    CORRECTED((says.has_ready_from = true, says.ready_from = NOW + 10 * DAYS), "bad_dates");
    CORRECTED((says.has_deliver_by = true, says.deliver_by = NOW - 1), "bad_dates");
    CORRECTED((AGREED, says.has_value = true, says.value = (struct money){1, "USD"}), "currency_unsupported");
    CORRECTED((stage.parcel.has_flag = true, says.has_weight_g = true, says.weight_g = 9), "parcel_flagged");
    CORRECTED(stage.parcel.state = PARCEL_STATUS_LOST, "wrong_state");
}
END_TEST

START_TEST(of_a_booked_parcel_only_the_recipient_changes_and_three_times)
{
    struct parcel_correct_v1 says = {.has_recipient = true},
                             more = {.has_recipient = true, .has_weight_g = true};

    stage_booked(PARCEL_STATUS_BOOKED, BOOKING_STATUS_PAID);
    more.weight_g = 900;
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", NULL), "field_locked");
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &more), "field_locked");
    ck_assert_str_eq(verdict("parcel.correct", traveller, "person", &says), "not_allowed");
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.recipient_changed");
    ck_assert_str_eq(kept(), "correct 2");
    ck_assert_int_eq(stage.parcel.recipient_n, 2);
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), "accepted");
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), "accepted");
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), "correction_limit");
}
END_TEST

START_TEST(a_recipient_changed_on_the_way_gets_a_new_delivery_code)
{
    struct parcel_correct_v1 says = {.has_recipient = true};

    stage_booked(PARCEL_STATUS_IN_TRANSIT, BOOKING_STATUS_COLLECTED);
    stage.booking.delivery_code.issue = 1;
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.recipient_changed booking.code_issued");
    ck_assert_int_eq(DATA(1, booking_code_issued_v1)->purpose, CODE_PURPOSE_DELIVERY);
    ck_assert_int_eq(DATA(1, booking_code_issued_v1)->recipient_n, 2);
    ck_assert_int_eq(stage.booking.delivery_code.issue, 2);
    stage.parcel.has_delivered_at = true;
    stage.parcel.state = PARCEL_STATUS_DAMAGED;
    ck_assert_str_eq(verdict("parcel.correct", sender, "person", &says), "wrong_state");
}
END_TEST

START_TEST(a_parcel_is_cancelled_unless_it_is_booked)
{
    struct parcel_cancel_v1 says = {.has_reason = true, .reason = CANCEL_REASON_MISTAKE};

    stage_booked(PARCEL_STATUS_BOOKED, BOOKING_STATUS_REQUESTED);
    ck_assert_str_eq(verdict("parcel.cancel", sender, "person", &says), "parcel_booked");
    ck_assert_str_eq(verdict("parcel.cancel", traveller, "person", &says), "not_allowed");
    stage_set();
    stage_parcel();
    ck_assert_str_eq(verdict("parcel.cancel", stranger, "person", &says), "not_found");
    ck_assert_str_eq(verdict("parcel.cancel", sender, "person", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.cancelled");
    ck_assert_int_eq(stage.parcel.cancel_reason, CANCEL_REASON_MISTAKE);
    ck_assert_str_eq(verdict("parcel.cancel", sender, "person", &says), "ended");
}
END_TEST

START_TEST(a_parcel_that_found_no_traveller_is_cancelled_by_its_timer)
{
    stage_parcel();
    ck_assert_str_eq(timer("parcel.cancel", 2), "timer_void");
    ck_assert_str_eq(timer("parcel.cancel", 1), "accepted");
    ck_assert_int_eq(stage.parcel.cancel_reason, CANCEL_REASON_NO_TRAVELLER);
    stage_set();
    stage_parcel();
    ck_assert_str_eq(verdict("parcel.cancel", stranger, "staff", NULL), "accepted");
    ck_assert(!stage.parcel.has_cancel_reason);
}
END_TEST

static const char *attached(const char *principal, const char *role, int32_t at, char digit)
{
    struct parcel_attach_photo_v1 says = {.stage = at, .type = PHOTO_TYPE_PNG};

    memset(says.digest, digit, 64);
    return verdict("parcel.attach_photo", principal, role, &says);
}

START_TEST(each_party_attaches_photos_of_its_own_stages)
{
    struct id recipient;

    stage_booked(PARCEL_STATUS_IN_TRANSIT, BOOKING_STATUS_COLLECTED);
    id_of_recipient(&stage.booking.id, 1, &recipient);
    ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_REGISTER, '1'), "accepted");
    ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_TRANSIT, '2'), "not_allowed");
    ck_assert_str_eq(attached(traveller, "person", PHOTO_STAGE_TRANSIT, '2'), "accepted");
    ck_assert_str_eq(attached(traveller, "person", PHOTO_STAGE_REGISTER, '3'), "not_allowed");
    ck_assert_str_eq(attached(recipient.text, "recipient", PHOTO_STAGE_DAMAGE, '3'), "accepted");
    ck_assert_str_eq(attached(recipient.text, "recipient", PHOTO_STAGE_SEAL, '4'), "not_allowed");
    ck_assert_str_eq(attached(stranger, "recipient", PHOTO_STAGE_DAMAGE, '4'), "not_found");
    ck_assert_str_eq(attached(stranger, "staff", PHOTO_STAGE_CUSTOMS, '4'), "accepted");
    ck_assert_int_eq(stage.parcel.photos[0].by, PARTY_SENDER);
    ck_assert_int_eq(stage.parcel.photos[1].by, PARTY_TRAVELLER);
    ck_assert_int_eq(stage.parcel.photos[2].by, PARTY_RECIPIENT);
    ck_assert_int_eq(stage.parcel.photos[3].by, PARTY_STAFF);
    ck_assert_int_eq(stage.parcel.photos[3].type, PHOTO_TYPE_PNG);
    ck_assert(photo_shown(&stage.parcel, PHOTO_STAGE_CUSTOMS, 1u << PARTY_STAFF));
    ck_assert(!photo_shown(&stage.parcel, PHOTO_STAGE_CUSTOMS, 1u << PARTY_TRAVELLER));
}
END_TEST

/* As many as one party may; their digests are numbers from first. */
static void fill_photos(const char *principal, const char *role, int32_t at, int first)
{
    struct parcel_attach_photo_v1 says = {.stage = at, .type = PHOTO_TYPE_PNG};

    for (int i = 0; i <= COUNT_PHOTOS_EACH; i++) {
        (void)snprintf(says.digest, sizeof(says.digest), "%064d", first + i);
        ck_assert_str_eq(verdict("parcel.attach_photo", principal, role, &says),
                         i < COUNT_PHOTOS_EACH ? "accepted" : "photo_limit");
    }
}

START_TEST(a_photo_is_attached_once_and_twelve_by_each_party)
{
    stage_parcel();
    ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_REGISTER, 'a'), "accepted");
    ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_REGISTER, 'a'), "already_recorded");
    ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_REGISTER, 'A'), "already_recorded");
    for (int i = 1; i < 12; i++)
        ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_REGISTER, (char)('a' + i)), "accepted");
    ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_REGISTER, 'z'), "photo_limit");
    stage.parcel.state = PARCEL_STATUS_CLOSED;
    ck_assert_str_eq(attached(sender, "person", PHOTO_STAGE_REGISTER, 'z'), "ended");
}
END_TEST

START_TEST(the_photos_of_one_party_take_no_room_of_anothers_proof)
{
    struct id recipient;

    stage_booked(PARCEL_STATUS_BOOKED, BOOKING_STATUS_PAID);
    id_of_recipient(&stage.booking.id, 1, &recipient);
    fill_photos(sender, "person", PHOTO_STAGE_REGISTER, 100);
    ck_assert_str_eq(attached(traveller, "person", PHOTO_STAGE_SEAL, '1'), "accepted");
    ck_assert(photo_shown(&stage.parcel, PHOTO_STAGE_SEAL, 1u << PARTY_TRAVELLER));
    for (int i = 2; i <= 12; i++)
        ck_assert_str_eq(attached(traveller, "person", PHOTO_STAGE_TRANSIT, (char)('0' + i)), "accepted");
    ck_assert_str_eq(attached(traveller, "person", PHOTO_STAGE_TRANSIT, 'z'), "photo_limit");
    fill_photos(recipient.text, "recipient", PHOTO_STAGE_DAMAGE, 200);
    fill_photos(stranger, "staff", PHOTO_STAGE_SIGNATURE, 300);
    ck_assert(photo_shown(&stage.parcel, PHOTO_STAGE_SIGNATURE, 1u << PARTY_STAFF));
}
END_TEST

START_TEST(a_parcel_booked_again_and_again_keeps_the_newest_photos)
{
    const uint32_t by_sender = 1u << PARTY_SENDER;

    stage_booked(PARCEL_STATUS_BOOKED, BOOKING_STATUS_PAID);
    for (int i = 0; i < 7; i++) {
        stage.parcel.has_photos_before = true; /* as parcel.booked has it */
        stage.parcel.photos_before = stage.parcel.photos_count;
        ck_assert(!photo_shown(&stage.parcel, PHOTO_STAGE_SEAL, by_sender));
        fill_photos(sender, "person", PHOTO_STAGE_SEAL, 100 * i);
        ck_assert(photo_shown(&stage.parcel, PHOTO_STAGE_SEAL, by_sender));
    }
    ck_assert_int_eq(stage.parcel.photos_count, 48);
    ck_assert_int_eq(stage.parcel.photos_before, 36);
    ck_assert_str_eq(stage.parcel.photos[0].digest + 60, "0300");
    ck_assert_str_eq(stage.parcel.photos[47].digest + 60, "0611");
}
END_TEST

START_TEST(staff_clear_the_flag_of_a_flagged_parcel)
{
    struct parcel_clear_flag_v1 says = {.has_note = true, .note = "papers seen"};

    stage_parcel();
    ck_assert_str_eq(verdict("parcel.clear_flag", stranger, "staff", NULL), "wrong_state");
    stage.parcel.has_flag = true;
    stage.parcel.flag = FLAG_REASON_UNDECLARED;
    ck_assert_str_eq(verdict("parcel.clear_flag", sender, "person", NULL), "not_allowed");
    ck_assert_str_eq(verdict("parcel.clear_flag", sender, "staff", &says), "not_allowed");
    ck_assert_str_eq(verdict("parcel.clear_flag", stranger, "staff", &says), "accepted");
    ck_assert_str_eq(facts(), "parcel.flag_cleared");
    ck_assert_str_eq(kept(), "clear_flag 2");
    ck_assert(!stage.parcel.has_flag);
}
END_TEST

TCase *parcel_cases(void)
{
    TCase *cases = tcase_create("parcel");

    tcase_add_checked_fixture(cases, stage_set, NULL);
    tcase_add_test(cases, a_parcel_is_registered_as_its_sender_says);
    tcase_add_test(cases, a_parcel_is_not_registered_undeclared_prohibited_too_dear_or_too_heavy);
    tcase_add_test(cases, a_correction_carries_the_whole_new_truth);
    tcase_add_test(cases, a_corrected_recipient_is_the_newest_record_that_holds_one);
    tcase_add_test(cases, a_correction_is_held_to_the_rules_of_a_registration);
    tcase_add_test(cases, of_a_booked_parcel_only_the_recipient_changes_and_three_times);
    tcase_add_test(cases, a_recipient_changed_on_the_way_gets_a_new_delivery_code);
    tcase_add_test(cases, a_parcel_is_cancelled_unless_it_is_booked);
    tcase_add_test(cases, a_parcel_that_found_no_traveller_is_cancelled_by_its_timer);
    tcase_add_test(cases, each_party_attaches_photos_of_its_own_stages);
    tcase_add_test(cases, a_photo_is_attached_once_and_twelve_by_each_party);
    tcase_add_test(cases, the_photos_of_one_party_take_no_room_of_anothers_proof);
    tcase_add_test(cases, a_parcel_booked_again_and_again_keeps_the_newest_photos);
    tcase_add_test(cases, staff_clear_the_flag_of_a_flagged_parcel);
    return cases;
}
