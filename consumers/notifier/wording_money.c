/* SPDX-License-Identifier: Apache-2.0
 * What is said of money, of reviews, of trips that were searched for and of a person's own account. */
#include "consumers/notifier/wording.h"

/* clang-format off */
const struct wording wordings_money[] = {
    {"payment.link_ready", WORDING_BOOKING,
     {"Votre page de paiement est prête",
      "Votre page de paiement est prête.\n"
      "À payer : {pay_amount}\n"
      "Payer : {pay_link}\n"
      "Cette page est valable jusqu'au {expires}.\n"},
     {"Your payment page is ready",
      "Your payment page is ready.\n"
      "To pay: {pay_amount}\n"
      "Pay: {pay_link}\n"
      "This page is good until {expires}.\n"}},

    {"payment.refunded", WORDING_BOOKING,
     {"Vous êtes remboursé",
      "Nous vous avons remboursé {amount}.\n"
      "Votre banque ou votre opérateur peut mettre quelques jours à l'afficher.\n"},
     {"You are refunded",
      "We refunded you {amount}.\n"
      "Your bank or operator may take a few days to show it.\n"}},

    {"payment.paid_out", WORDING_BOOKING,
     {"Vous êtes payé",
      "Nous avons versé {amount} sur votre compte de paiement.\n"},
     {"You are paid",
      "We sent {amount} to your payout account.\n"}},

    {"payment.payout_failed", WORDING_BOOKING,
     {"Votre versement n'a pas pu se faire",
      "Votre compte de paiement a été refusé. Votre argent est en sécurité chez nous.\n"
      "Indiquez un autre compte. 24 heures après, redemandez le versement dans l'application.\n"},
     {"Your payout did not go through",
      "Your payout account was refused. Your money is safe with us.\n"
      "Give another account. 24 hours later, ask for the payout again in the app.\n"}},

    {"review.opened/sender", WORDING_BOOKING,
     {"Comment s'est passé l'envoi ?",
      "Notez le voyageur dans l'application, dans les 14 jours.\n"
      "Les deux notes paraissent ensemble : aucun ne voit celle de l'autre avant.\n"},
     {"How did it go?",
      "Rate the traveller in the app, within 14 days.\n"
      "Both ratings appear together: neither sees the other's before.\n"}},

    {"review.opened/traveller", WORDING_BOOKING,
     {"Comment s'est passé le transport ?",
      "Notez l'expéditeur dans l'application, dans les 14 jours.\n"
      "Les deux notes paraissent ensemble : aucun ne voit celle de l'autre avant.\n"},
     {"How did it go?",
      "Rate the sender in the app, within 14 days.\n"
      "Both ratings appear together: neither sees the other's before.\n"}},

    {"review.published/sender", WORDING_BOOKING,
     {"Les notes sont publiées",
      "Les notes de votre envoi sont publiées.\n"
      "Le voyageur vous donne : {traveller_score} sur 5\n"
      "Vous lui avez donné : {sender_score} sur 5\n"},
     {"The ratings are published",
      "The ratings of your parcel are published.\n"
      "The traveller gives you: {traveller_score} of 5\n"
      "You gave them: {sender_score} of 5\n"}},

    {"review.published/traveller", WORDING_BOOKING,
     {"Les notes sont publiées",
      "Les notes de votre transport sont publiées.\n"
      "L'expéditeur vous donne : {sender_score} sur 5\n"
      "Vous lui avez donné : {traveller_score} sur 5\n"},
     {"The ratings are published",
      "The ratings of your transport are published.\n"
      "The sender gives you: {sender_score} of 5\n"
      "You gave them: {traveller_score} of 5\n"}},

    {"trip.announced", WORDING_BARE,
     {"Un voyage répond à votre recherche",
      "Un voyageur propose de la place pour un trajet que vous cherchez.\n"
      "\n"
      "Trajet : {origin.city} ({origin.country}) – {destination.city} ({destination.country})\n"
      "Départ : {departs}\n"
      "Arrivée : {arrives}\n"
      "Place : {capacity_g}\n"
      "Prix du kilo : {price_per_kg}\n"
      "Voyage : {id}\n"},
     {"A trip answers your search",
      "A traveller offers room on a route you are looking for.\n"
      "\n"
      "Route: {origin.city} ({origin.country}) – {destination.city} ({destination.country})\n"
      "Departure: {departs}\n"
      "Arrival: {arrives}\n"
      "Room: {capacity_g}\n"
      "Price a kilogram: {price_per_kg}\n"
      "Trip: {id}\n"}},

    {"profile.updated", WORDING_BARE,
     {"Votre adresse a changé",
      "Les messages de votre compte vont maintenant à une autre adresse.\n"
      "Si ce n'était pas vous, remettez votre adresse dans l'application sans attendre et vérifiez votre compte de"
      " paiement : aucun versement n'est fait à un nouveau compte avant 24 heures.\n"},
     {"Your address has changed",
      "The messages of your account go to another address from now on.\n"
      "If this was not you, set your address back in the app without delay and check your payout account:"
      " nothing is paid to a new account for 24 hours.\n"}},

    {"profile.blocked", WORDING_BARE,
     {"Votre compte est bloqué",
      "Votre compte est bloqué : vous ne pouvez plus rien envoyer ni proposer. Ce qui est en cours peut se terminer.\n"
      "Motif : {reason}\n"},
     {"Your account is blocked",
      "Your account is blocked: you can no longer send or offer anything. What is under way can be finished.\n"
      "Reason: {reason}\n"}},

    {"profile.unblocked", WORDING_BARE,
     {"Votre compte est débloqué",
      "Votre compte est débloqué : vous pouvez de nouveau envoyer et proposer.\n"
      "Motif : {reason}\n"},
     {"Your account is no longer blocked",
      "Your account is no longer blocked: you can send and offer again.\n"
      "Reason: {reason}\n"}},

    {"profile.tier_set", WORDING_BARE,
     {"Votre niveau a changé",
      "Votre niveau est maintenant {tier}.\n"
      "Motif : {reason}\n"},
     {"Your level has changed",
      "Your level is now {tier}.\n"
      "Reason: {reason}\n"}},

    {"profile.payout_account_set", WORDING_BARE,
     {"Votre compte de paiement a changé",
      "Votre compte de paiement a changé. Aucun versement n'y sera fait avant 24 heures.\n"
      "Si ce n'était pas vous, changez-le dans l'application sans attendre.\n"},
     {"Your payout account has changed",
      "Your payout account has changed. Nothing is paid to it for 24 hours.\n"
      "If this was not you, change it in the app without delay.\n"}},

    {0},
};
/* clang-format on */
