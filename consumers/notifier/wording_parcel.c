/* SPDX-License-Identifier: Apache-2.0
 * What is said of parcels, to their senders and to those who receive them. */
#include "consumers/notifier/wording.h"

/* clang-format off */
const struct wording wordings_parcel[] = {
    {"parcel.registered", WORDING_BARE,
     {"Votre colis {origin.city} – {destination.city} est enregistré",
      "Votre colis est enregistré.\n"
      "\n"
      "Trajet : {origin.city} ({origin.country}) – {destination.city} ({destination.country})\n"
      "Poids : {weight_g}\n"
      "Contenu : {category}\n"
      "Numéro : {id}\n"},
     {"Your parcel {origin.city} – {destination.city} is registered",
      "Your parcel is registered.\n"
      "\n"
      "Route: {origin.city} ({origin.country}) – {destination.city} ({destination.country})\n"
      "Weight: {weight_g}\n"
      "Contents: {category}\n"
      "Number: {id}\n"}},

    {"parcel.cancelled", WORDING_BARE,
     {"Votre colis est annulé",
      "Votre colis est annulé.\n"
      "\n"
      "Numéro : {id}\n"
      "Motif : {reason}\n"},
     {"Your parcel is cancelled",
      "Your parcel is cancelled.\n"
      "\n"
      "Number: {id}\n"
      "Reason: {reason}\n"}},

    /* to whom a change replaced: nothing more of the parcel is theirs to know */
    {"parcel.recipient_changed/before", WORDING_BARE,
     {"Un colis ne vous est plus destiné",
      "L'expéditeur a choisi un autre destinataire pour le colis que vous attendiez.\n"
      "Votre lien et votre code de livraison ne sont plus valables.\n"},
     {"A parcel is no longer for you",
      "The sender chose another recipient for the parcel you were expecting.\n"
      "Your link and your delivery code are no longer valid.\n"}},

    {"parcel.recipient_changed", WORDING_BOOKING,
     {"Un colis est en route pour vous",
      "Un voyageur vous apporte un colis : vous en êtes maintenant le destinataire.\n"
      "Arrivée prévue : {booking.arrives}\n"
      "Votre lien personnel, à ne donner à personne : {link}\n"
      "Un autre message contient votre code de livraison.\n"},
     {"A parcel is on its way to you",
      "A traveller is bringing you a parcel: you are now its recipient.\n"
      "Expected arrival: {booking.arrives}\n"
      "Your personal link, for nobody else: {link}\n"
      "Another message holds your delivery code.\n"}},

    {"parcel.in_customs", WORDING_BOOKING,
     {"Votre colis est à la douane",
      "Votre colis est à la douane.\n"
      "Motif : {reason}\n"},
     {"Your parcel is at customs",
      "Your parcel is at customs.\n"
      "Reason: {reason}\n"}},

    {"parcel.delayed", WORDING_BOOKING,
     {"Votre colis a du retard",
      "Votre colis a du retard.\n"
      "Motif : {reason}\n"
      "Arrivée prévue : {booking.arrives}\n"},
     {"Your parcel is delayed",
      "Your parcel is delayed.\n"
      "Reason: {reason}\n"
      "Expected arrival: {booking.arrives}\n"}},

    {"parcel.delayed/recipient", WORDING_BOOKING,
     {"Le colis que vous attendez a du retard",
      "Le colis que vous attendez a du retard.\n"
      "Motif : {reason}\n"
      "Arrivée prévue : {booking.arrives}\n"},
     {"The parcel you expect is delayed",
      "The parcel you expect is delayed.\n"
      "Reason: {reason}\n"
      "Expected arrival: {booking.arrives}\n"}},

    {"parcel.arrived", WORDING_BOOKING,
     {"Votre colis est arrivé",
      "Votre colis est arrivé à destination. Le voyageur va le remettre au destinataire, contre son code de livraison.\n"},
     {"Your parcel has arrived",
      "Your parcel has arrived. The traveller will hand it to the recipient, who gives their delivery code.\n"}},

    {"parcel.arrived/recipient", WORDING_BOOKING,
     {"Votre colis est arrivé",
      "Le colis que vous attendez est arrivé. Le voyageur va vous le remettre.\n"
      "Donnez-lui votre code de livraison quand vous avez le colis en main, pas avant.\n"
      "Votre lien personnel, à ne donner à personne : {link}\n"},
     {"Your parcel has arrived",
      "The parcel you expect has arrived. The traveller will hand it to you.\n"
      "Give them your delivery code once you hold the parcel, not before.\n"
      "Your personal link, for nobody else: {link}\n"}},

    {"parcel.lost", WORDING_BOOKING,
     {"Votre colis est déclaré perdu",
      "Votre colis est déclaré perdu. Votre argent reste bloqué pendant que nous examinons le cas.\n"},
     {"Your parcel is reported lost",
      "Your parcel is reported lost. Your money stays held while we look into it.\n"}},

    {"parcel.found", WORDING_BOOKING,
     {"Votre colis est retrouvé",
      "Votre colis est retrouvé. Il arrivera avec du retard.\n"},
     {"Your parcel is found",
      "Your parcel is found. It will arrive late.\n"}},

    {"parcel.damaged", WORDING_BOOKING,
     {"Votre colis est déclaré abîmé",
      "Votre colis est déclaré abîmé, avec une photo que vous pouvez voir.\n"},
     {"Your parcel is reported damaged",
      "Your parcel is reported damaged, with a photo that you can see.\n"}},

    {"parcel.seized", WORDING_BOOKING,
     {"Votre colis est saisi",
      "Votre colis est saisi par la douane. Votre argent reste bloqué pendant que nous examinons le cas.\n"},
     {"Your parcel is seized",
      "Your parcel is seized by customs. Your money stays held while we look into it.\n"}},

    {"parcel.released_by_customs", WORDING_BOOKING,
     {"Votre colis est libéré par la douane",
      "La saisie de votre colis est levée. Le voyage continue.\n"},
     {"Your parcel is released by customs",
      "The seizure of your parcel is lifted. It travels on.\n"}},

    {"parcel.return_started", WORDING_BOOKING,
     {"Votre colis revient vers vous",
      "Votre colis revient vers vous.\n"
      "Motif : {reason}\n"
      "Votre code de retour est dans l'application. Donnez-le au voyageur quand vous avez le colis en main, pas avant.\n"},
     {"Your parcel is coming back to you",
      "Your parcel is coming back to you.\n"
      "Reason: {reason}\n"
      "Your return code is in the app. Give it to the traveller once you hold the parcel, not before.\n"}},

    {"parcel.returned", WORDING_BOOKING,
     {"Votre colis vous est rendu",
      "Votre colis vous a été rendu, contre votre code de retour.\n"},
     {"Your parcel is back with you",
      "Your parcel was handed back to you against your return code.\n"}},

    {0},
};
/* clang-format on */
