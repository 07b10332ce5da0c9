/* SPDX-License-Identifier: Apache-2.0
 * What is said of bookings, from the request to the end of a dispute. */
#include "consumers/notifier/wording.h"

/* clang-format off */
const struct wording wordings_booking[] = {
    {"booking.requested", WORDING_BOOKING,
     {"On vous demande de porter un colis",
      "On vous demande de porter un colis.\n"
      "Poids : {grams}\n"
      "Contenu : {parcel.category}\n"
      "Départ : {departs}\n"
      "Pour vous : {carriage}\n"
      "Répondez avant le {expires}.\n"},
     {"You are asked to carry a parcel",
      "You are asked to carry a parcel.\n"
      "Weight: {grams}\n"
      "Contents: {parcel.category}\n"
      "Departure: {departs}\n"
      "For you: {carriage}\n"
      "Please answer by {expires}.\n"}},

    {"booking.accepted", WORDING_BOOKING,
     {"Votre demande est acceptée : payez pour réserver",
      "Le voyageur accepte de porter votre colis.\n"
      "Poids accepté : {grams}\n"
      "Transport : {carriage}\n"
      "Frais de service : {fee}\n"
      "À payer : {total}\n"
      "Payez avant le {pay_by}, sinon la place est rendue.\n"},
     {"Your request is accepted: pay to book",
      "The traveller agrees to carry your parcel.\n"
      "Accepted weight: {grams}\n"
      "Carriage: {carriage}\n"
      "Service fee: {fee}\n"
      "To pay: {total}\n"
      "Pay by {pay_by}, or the place is given up.\n"}},

    {"booking.declined", WORDING_BOOKING,
     {"Votre demande est refusée",
      "Le voyageur ne peut pas porter votre colis. Vous pouvez demander à un autre.\n"
      "Motif : {reason}\n"},
     {"Your request is declined",
      "The traveller cannot carry your parcel. You can ask another one.\n"
      "Reason: {reason}\n"}},

    {"booking.expired", WORDING_BOOKING,
     {"Votre demande a expiré",
      "Votre demande a expiré : elle n'a pas eu de réponse, ou n'a pas été payée, à temps.\n"
      "Elle était à payer avant le {booking.pay_by}.\n"
      "Votre colis est libre : vous pouvez demander à un autre voyageur.\n"},
     {"Your request has expired",
      "Your request has expired: it was not answered, or not paid, in time.\n"
      "It was to be paid by {booking.pay_by}.\n"
      "Your parcel is free: you can ask another traveller.\n"}},

    {"booking.cancelled/sender", WORDING_BOOKING,
     {"Votre réservation est annulée",
      "Votre réservation est annulée.\n"
      "Motif : {reason}\n"
      "Vous est rendu : {split.to_sender}\n"},
     {"Your booking is cancelled",
      "Your booking is cancelled.\n"
      "Reason: {reason}\n"
      "Returned to you: {split.to_sender}\n"}},

    {"booking.cancelled/traveller", WORDING_BOOKING,
     {"Une réservation de votre voyage est annulée",
      "Une réservation de votre voyage est annulée : la place est libre.\n"
      "Motif : {reason}\n"
      "Vous revient : {split.to_traveller}\n"},
     {"A booking of your trip is cancelled",
      "A booking of your trip is cancelled: its place is free.\n"
      "Reason: {reason}\n"
      "Due to you: {split.to_traveller}\n"}},

    {"booking.paid/sender", WORDING_BOOKING,
     {"Votre réservation est payée",
      "Votre réservation est payée. L'argent est bloqué jusqu'à la livraison.\n"
      "Payé : {total}\n"
      "Remettez le colis au voyageur avant le {booking.drop_off_until}, ouvert, pour qu'il le vérifie.\n"
      "Votre code de remise est dans l'application. Donnez-le au voyageur quand il prend le colis, pas avant.\n"
      "{without_mail}Le destinataire n'a pas d'adresse e-mail : son code de livraison ne pourra pas lui être envoyé. "
      "Indiquez-en une dans l'application.\n"},
     {"Your booking is paid",
      "Your booking is paid. The money is held until the delivery.\n"
      "Paid: {total}\n"
      "Hand the parcel to the traveller by {booking.drop_off_until}, open, so that they can check it.\n"
      "Your pickup code is in the app. Give it to the traveller when they take the parcel, not before.\n"
      "{without_mail}The recipient has no mail address, so they cannot be sent their delivery code. "
      "Add one in the app.\n"}},

    {"booking.paid/traveller", WORDING_BOOKING,
     {"Une réservation de votre voyage est payée",
      "L'expéditeur a payé. L'argent est bloqué jusqu'à la livraison.\n"
      "Poids : {booking.grams}\n"
      "Pour vous : {booking.carriage}\n"
      "Prenez le colis avant le {booking.drop_off_until}. Ouvrez-le et vérifiez-le avant de demander le code de remise.\n"},
     {"A booking of your trip is paid",
      "The sender has paid. The money is held until the delivery.\n"
      "Weight: {booking.grams}\n"
      "For you: {booking.carriage}\n"
      "Take the parcel by {booking.drop_off_until}. Open and check it before you ask for the pickup code.\n"}},

    {"booking.redated", WORDING_BOOKING,
     {"Les dates du voyage changent",
      "Le voyageur a changé ses dates.\n"
      "Départ : {departs}\n"
      "Arrivée : {arrives}\n"
      "Remettez le colis avant le {drop_off_until}. Vous pouvez annuler sans frais jusqu'au {free_cancel_until}.\n"
      "Votre accord est nécessaire avant le {must_answer_by}, sinon la réservation est annulée et remboursée.\n"},
     {"The dates of the trip have changed",
      "The traveller has changed their dates.\n"
      "Departure: {departs}\n"
      "Arrival: {arrives}\n"
      "Hand over the parcel by {drop_off_until}. You can cancel free of charge until {free_cancel_until}.\n"
      "We need your answer by {must_answer_by}, or the booking is cancelled and refunded.\n"}},

    {"booking.redate_agreed", WORDING_BOOKING,
     {"Vos nouvelles dates sont acceptées",
      "L'expéditeur accepte vos nouvelles dates.\n"
      "Départ : {booking.departs}\n"},
     {"Your new dates are accepted",
      "The sender accepts your new dates.\n"
      "Departure: {booking.departs}\n"}},

    {"booking.collected/sender", WORDING_BOOKING,
     {"Votre colis est chez le voyageur",
      "Le voyageur a pris votre colis.\n"
      "Poids pesé : {weighed_g}\n"
      "Arrivée prévue : {booking.arrives}\n"
      "{with_mail}Le destinataire reçoit son code de livraison. Lui seul le connaît.\n"
      "{without_mail}Le destinataire n'a pas d'adresse e-mail : son code de livraison n'a été envoyé à personne. "
      "Indiquez-en une dans l'application, il le recevra aussitôt.\n"},
     {"Your parcel is with the traveller",
      "The traveller has taken your parcel.\n"
      "Weighed: {weighed_g}\n"
      "Expected arrival: {booking.arrives}\n"
      "{with_mail}The recipient is sent their delivery code. Nobody else knows it.\n"
      "{without_mail}The recipient has no mail address: nobody was sent their delivery code. "
      "Add one in the app, and they are sent it.\n"}},

    {"booking.collected/recipient", WORDING_BOOKING,
     {"Un colis est en route pour vous",
      "Un voyageur vous apporte un colis.\n"
      "Arrivée prévue : {booking.arrives}\n"
      "Votre lien personnel, à ne donner à personne : {link}\n"
      "Un autre message contient votre code de livraison.\n"},
     {"A parcel is on its way to you",
      "A traveller is bringing you a parcel.\n"
      "Expected arrival: {booking.arrives}\n"
      "Your personal link, for nobody else: {link}\n"
      "Another message holds your delivery code.\n"}},

    {"booking.code_issued/delivery", WORDING_BOOKING,
     {"Votre code de livraison",
      "Votre code de livraison : {code}\n"
      "Donnez-le au voyageur quand vous avez le colis en main, pas avant. Il remplace tout code reçu auparavant.\n"
      "Votre lien personnel, à ne donner à personne : {link}\n"},
     {"Your delivery code",
      "Your delivery code: {code}\n"
      "Give it to the traveller once you hold the parcel, not before. It replaces any code you were sent earlier.\n"
      "Your personal link, for nobody else: {link}\n"}},

    {"booking.code_issued/pickup", WORDING_BOOKING,
     {"Vous avez un nouveau code de remise",
      "Votre nouveau code de remise est dans l'application. L'ancien n'est plus valable.\n"
      "Donnez-le au voyageur quand il prend le colis, pas avant.\n"},
     {"You have a new pickup code",
      "Your new pickup code is in the app. The old one is no longer valid.\n"
      "Give it to the traveller when they take the parcel, not before.\n"}},

    {"booking.code_issued/return", WORDING_BOOKING,
     {"Vous avez un code de retour",
      "Votre code de retour est dans l'application. S'il y en avait un autre, il n'est plus valable.\n"
      "Donnez-le au voyageur quand vous avez le colis en main, pas avant.\n"},
     {"You have a return code",
      "Your return code is in the app. If there was another one, it is no longer valid.\n"
      "Give it to the traveller once you hold the parcel, not before.\n"}},

    {"booking.pickup_failed/sender", WORDING_BOOKING,
     {"La remise du colis n'a pas eu lieu",
      "La remise du colis au voyageur n'a pas eu lieu.\n"
      "Motif : {reason}\n"
      "Si ce n'est pas exact, contestez avant le {contest_by}. Ensuite l'argent est réparti selon les conditions.\n"},
     {"The pickup failed",
      "The parcel was not handed to the traveller.\n"
      "Reason: {reason}\n"
      "If this is not right, contest it by {contest_by}. After that the money is divided by the terms.\n"}},

    {"booking.pickup_failed/traveller", WORDING_BOOKING,
     {"La remise du colis n'a pas eu lieu",
      "La remise du colis n'a pas eu lieu.\n"
      "Motif : {reason}\n"
      "Si ce n'est pas exact, contestez avant le {contest_by}. Ensuite l'argent est réparti selon les conditions.\n"},
     {"The pickup failed",
      "The parcel was not handed to you.\n"
      "Reason: {reason}\n"
      "If this is not right, contest it by {contest_by}. After that the money is divided by the terms.\n"}},

    {"booking.delivered/sender", WORDING_BOOKING,
     {"Votre colis est livré",
      "Votre colis est livré.\n"
      "Confirmez, ou dites ce qui ne va pas, avant le {confirm_by}. Ensuite le voyageur est payé.\n"},
     {"Your parcel is delivered",
      "Your parcel is delivered.\n"
      "Confirm it, or say what is wrong, by {confirm_by}. After that the traveller is paid.\n"}},

    {"booking.delivered/recipient", WORDING_BOOKING,
     {"Votre colis vous est remis",
      "Votre colis vous est remis.\n"
      "Si quelque chose ne va pas, dites-le avant le {confirm_by}.\n"
      "Votre lien personnel, à ne donner à personne : {link}\n"},
     {"Your parcel is in your hands",
      "Your parcel was handed to you.\n"
      "If something is wrong, say so by {confirm_by}.\n"
      "Your personal link, for nobody else: {link}\n"}},

    {"booking.delivery_proved/sender", WORDING_BOOKING,
     {"Votre colis en litige est livré",
      "Votre colis est livré. Le litige reste ouvert, et l'argent bloqué.\n"
      "Sans autre décision, le litige est réglé le {default_at} selon les conditions.\n"},
     {"Your parcel in dispute is delivered",
      "Your parcel is delivered. The dispute stays open, and the money held.\n"
      "Unless decided otherwise, it is settled by the terms on {default_at}.\n"}},

    {"booking.delivery_proved/recipient", WORDING_BOOKING,
     {"Votre colis en litige vous est remis",
      "Votre colis vous est remis. Le litige reste ouvert.\n"
      "Sans autre décision, il est réglé le {default_at} selon les conditions.\n"},
     {"Your parcel in dispute is in your hands",
      "Your parcel was handed to you. The dispute stays open.\n"
      "Unless decided otherwise, it is settled by the terms on {default_at}.\n"}},

    {"booking.disputed/sender", WORDING_BOOKING,
     {"Un litige est ouvert sur votre envoi",
      "Un litige est ouvert. L'argent reste bloqué.\n"
      "Sujet : {cause}\n"
      "Donnez vos explications et vos photos avant le {evidence_by}.\n"
      "Sans autre décision, le litige est réglé le {default_at} selon les conditions.\n"},
     {"Your parcel is in dispute",
      "A dispute is open. The money stays held.\n"
      "About: {cause}\n"
      "Give your account and your photos by {evidence_by}.\n"
      "Unless decided otherwise, it is settled by the terms on {default_at}.\n"}},

    {"booking.disputed/traveller", WORDING_BOOKING,
     {"Un litige est ouvert sur un colis de votre voyage",
      "Un litige est ouvert. L'argent reste bloqué.\n"
      "Sujet : {cause}\n"
      "Donnez vos explications et vos photos avant le {evidence_by}.\n"
      "Sans autre décision, le litige est réglé le {default_at} selon les conditions.\n"},
     {"A parcel of your trip is in dispute",
      "A dispute is open. The money stays held.\n"
      "About: {cause}\n"
      "Give your account and your photos by {evidence_by}.\n"
      "Unless decided otherwise, it is settled by the terms on {default_at}.\n"}},

    {"booking.disputed/recipient", WORDING_BOOKING,
     {"Un litige est ouvert sur votre colis",
      "Un litige est ouvert sur le colis qui vous est destiné.\n"
      "Sujet : {cause}\n"
      "Vous pouvez donner vos explications et vos photos avant le {evidence_by}.\n"
      "Votre lien personnel, à ne donner à personne : {link}\n"},
     {"The parcel for you is in dispute",
      "A dispute is open about the parcel for you.\n"
      "About: {cause}\n"
      "You can give your account and your photos by {evidence_by}.\n"
      "Your personal link, for nobody else: {link}\n"}},

    {"booking.completed/sender", WORDING_BOOKING,
     {"Votre envoi est terminé",
      "Votre envoi est terminé. Le voyageur est payé. Merci.\n"},
     {"Your parcel's journey is complete",
      "Your parcel's journey is complete. The traveller is being paid. Thank you.\n"}},

    {"booking.completed/traveller", WORDING_BOOKING,
     {"Votre transport est terminé",
      "Votre transport est terminé. Merci.\n"
      "Vous revient : {split.to_traveller}\n"},
     {"Your delivery is complete",
      "Your delivery is complete. Thank you.\n"
      "Due to you: {split.to_traveller}\n"}},

    {"booking.resolved/sender", WORDING_BOOKING,
     {"Le litige est réglé",
      "Le litige est réglé.\n"
      "Vous est rendu : {split.to_sender}\n"
      "Revient au voyageur : {split.to_traveller}\n"},
     {"The dispute is settled",
      "The dispute is settled.\n"
      "Returned to you: {split.to_sender}\n"
      "To the traveller: {split.to_traveller}\n"}},

    {"booking.resolved/traveller", WORDING_BOOKING,
     {"Le litige est réglé",
      "Le litige est réglé.\n"
      "Vous revient : {split.to_traveller}\n"
      "Rendu à l'expéditeur : {split.to_sender}\n"},
     {"The dispute is settled",
      "The dispute is settled.\n"
      "Due to you: {split.to_traveller}\n"
      "Returned to the sender: {split.to_sender}\n"}},

    {"booking.reminded/pickup/sender", WORDING_BOOKING,
     {"Rappel : remettez votre colis au voyageur",
      "Remettez votre colis au voyageur avant le {booking.drop_off_until}.\n"
      "Votre code de remise est dans l'application.\n"},
     {"Reminder: hand your parcel to the traveller",
      "Hand your parcel to the traveller by {booking.drop_off_until}.\n"
      "Your pickup code is in the app.\n"}},

    {"booking.reminded/pickup/traveller", WORDING_BOOKING,
     {"Rappel : un colis est à prendre",
      "Prenez le colis avant le {booking.drop_off_until}. Ouvrez-le et vérifiez-le.\n"},
     {"Reminder: a parcel is to be picked up",
      "Take the parcel by {booking.drop_off_until}. Open and check it.\n"}},

    {"booking.reminded/hand_over", WORDING_BOOKING,
     {"Rappel : un colis est à remettre",
      "Le destinataire attend son colis. Remettez-le-lui contre son code de livraison.\n"},
     {"Reminder: a parcel is to be handed over",
      "The recipient is waiting. Hand them the parcel against their delivery code.\n"}},

    {"booking.reminded/confirm", WORDING_BOOKING,
     {"Rappel : confirmez la livraison",
      "Votre colis est livré. Confirmez, ou dites ce qui ne va pas, avant le {booking.confirm_by}.\n"
      "Ensuite le voyageur est payé.\n"},
     {"Reminder: confirm the delivery",
      "Your parcel is delivered. Confirm it, or say what is wrong, by {booking.confirm_by}.\n"
      "After that the traveller is paid.\n"}},

    {0},
};
/* clang-format on */
