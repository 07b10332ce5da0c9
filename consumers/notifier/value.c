/* SPDX-License-Identifier: Apache-2.0
 * How values are written. A word of an enum that has no row is shown as it is; a test looks that the texts
 * need none. */
#include "consumers/notifier/value.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "consumers/notifier/zone.h"
#include "shared/domain/money.h"

#define FIXED "\xc2\xa0" /* a space that does not break */

struct word {
    const char *text, *fr, *en;
};

/* clang-format off */
static const struct word words[] = {
    /* contents */
    {"documents",         "documents",                               "documents"},
    {"clothes",           "vêtements",                               "clothes"},
    {"food",              "nourriture",                              "food"},
    {"cosmetics",         "cosmétiques",                             "cosmetics"},
    {"electronics",       "électronique",                            "electronics"},
    {"medicine",          "médicaments",                             "medicine"},
    {"other",             "autre",                                   "other"},
    /* why something is given up or declined */
    {"changed_mind",      "changement d'avis",                       "a change of mind"},
    {"no_traveller",      "aucun voyageur trouvé",                   "no traveller was found"},
    {"mistake",           "erreur",                                  "mistake"},
    {"other_plans",       "autres projets",                          "other plans"},
    {"cannot_travel",     "le voyageur ne peut pas voyager",         "the traveller cannot travel"},
    {"safety",            "sécurité",                                "safety"},
    {"fraud",             "soupçon de fraude",                       "suspected fraud"},
    {"corridor_closed",   "liaison fermée",                          "this route is closed"},
    {"trip_cancelled",    "voyage annulé",                           "the trip was cancelled"},
    {"trip_abandoned",    "voyage interrompu",                       "the trip was abandoned"},
    {"trip_ended",        "voyage terminé ou parti",                 "the trip has ended or left"},
    {"redate_unanswered", "nouvelles dates restées sans réponse",    "new dates were not answered"},
    {"no_room",           "pas assez de place",                      "not enough room"},
    {"goods",             "contenu",                                 "the contents"},
    {"dates",             "dates",                                   "the dates"},
    {"sender",            "expéditeur",                              "the sender"},
    /* why a pickup failed */
    {"no_show_sender",    "expéditeur absent",                       "the sender did not come"},
    {"no_show_traveller", "voyageur absent",                         "the traveller did not come"},
    {"prohibited",        "contenu interdit",                        "prohibited contents"},
    {"undeclared",        "contenu non déclaré",                     "undeclared contents"},
    {"content_differs",   "contenu différent de la déclaration",     "contents differ from the declaration"},
    {"overweight",        "colis trop lourd",                        "too heavy"},
    {"check_refused",     "vérification refusée",                    "the check was refused"},
    {"bad_packing",       "emballage insuffisant",                   "bad packing"},
    {"too_large",         "colis trop grand",                        "too large"},
    {"unknown",           "raison inconnue",                         "unknown"},
    /* what a dispute is about */
    {"pickup",            "remise du colis au voyageur",             "handing the parcel to the traveller"},
    {"late",              "retard",                                  "delay"},
    {"lost",              "colis perdu",                             "parcel lost"},
    {"abandoned",         "voyage interrompu",                       "trip abandoned"},
    {"return",            "retour du colis",                         "return of the parcel"},
    {"undelivered",       "colis non remis",                         "parcel not delivered"},
    {"damaged",           "colis abîmé",                             "parcel damaged"},
    {"content",           "contenu",                                 "contents"},
    {"seized",            "colis saisi",                             "parcel seized"},
    {"chargeback",        "paiement contesté auprès de la banque",   "payment disputed at the bank"},
    /* what holds a parcel up, and why it goes back */
    {"inspection",        "contrôle",                                "inspection"},
    {"duties",            "droits à payer",                          "duties to be paid"},
    {"flight_delayed",    "vol retardé",                             "flight delayed"},
    {"connection_missed", "correspondance manquée",                  "connection missed"},
    {"luggage_late",      "bagages en retard",                       "luggage late"},
    {"weather",           "météo",                                   "weather"},
    {"illness",           "maladie",                                 "illness"},
    {"trip_changed",      "voyage modifié",                          "the trip has changed"},
    {"recipient_absent",  "destinataire absent",                     "the recipient was absent"},
    {"recipient_refused", "refusé par le destinataire",              "refused by the recipient"},
    {"sender_asked",      "à la demande de l'expéditeur",            "the sender asked for it"},
    /* what staff say */
    {"identity_checked",  "identité vérifiée",                       "identity checked"},
    {"flight_proof",      "billet vérifié",                          "ticket checked"},
    {"standing",          "votre historique",                        "your record"},
    {"appeal",            "votre réclamation",                       "your appeal"},
    {"request",           "votre demande",                           "your request"},
};

static const char *const months[12][2] = {
    {"janvier", "January"}, {"février", "February"}, {"mars", "March"},          {"avril", "April"},
    {"mai", "May"},         {"juin", "June"},        {"juillet", "July"},        {"août", "August"},
    {"septembre", "September"}, {"octobre", "October"}, {"novembre", "November"}, {"décembre", "December"},
};
/* clang-format on */

const char *value_word(struct span text, enum language language)
{
    for (size_t at = 0; at < sizeof words / sizeof words[0]; at++) {
        if (span_is(text, words[at].text))
            return language == LANGUAGE_FR ? words[at].fr : words[at].en;
    }
    return NULL;
}

/* "1234567.50" with a mark between thousands and the language's decimal sign. */
static void put_grouped(const char *plain, enum language language, struct buf *to)
{
    size_t whole = strcspn(plain, ".");
    for (size_t at = 0; at < whole; at++) {
        if (at > 0 && (whole - at) % 3 == 0)
            buf_text(to, language == LANGUAGE_FR ? FIXED : ",");
        buf_byte(to, plain[at]);
    }
    if (plain[whole] == '.')
        buf_format(to, "%c%s", language == LANGUAGE_FR ? ',' : '.', plain + whole + 1);
}

void value_money(int64_t minor, const char *currency, enum language language, struct buf *to)
{
    char plain[MONEY_TEXT];
    if (money_exponent(currency) < 0) { /* nobody knows where its point stands */
        buf_format(to, "%" PRId64 FIXED "%s", minor, currency);
        return;
    }
    money_text(minor, currency, plain);
    if (language == LANGUAGE_EN)
        buf_format(to, "%s" FIXED, currency);
    put_grouped(plain, language, to);
    if (language != LANGUAGE_EN)
        buf_format(to, FIXED "%s", currency);
}

void value_weight(int64_t grams, enum language language, struct buf *to)
{
    buf_format(to, "%" PRId64, grams / 1000);
    if (grams % 1000 != 0) {
        buf_format(to, "%c%03" PRId64, language == LANGUAGE_FR ? ',' : '.', grams % 1000);
        while (to->data[to->size - 1] == '0')
            to->data[--to->size] = '\0';
    }
    buf_text(to, " kg");
}

void value_time(int64_t ms, const char *zone, enum language language, struct buf *to)
{
    int64_t offset = 0, at = ms / 1000 - (ms % 1000 < 0);
    bool local = zone && zone_offset(zone, at, &offset) == 0;
    time_t shown = (time_t)(at + (local ? offset : 0));
    struct tm parts;
    if (!gmtime_r(&shown, &parts))
        return;
    const char *month = months[parts.tm_mon][language == LANGUAGE_FR ? 0 : 1];
    buf_format(to, language == LANGUAGE_FR ? "%d%s %s %d à %02d:%02d (%s)" : "%d%s %s %d, %02d:%02d (%s)",
               parts.tm_mday, language == LANGUAGE_FR && parts.tm_mday == 1 ? "er" : "", month,
               parts.tm_year + 1900, parts.tm_hour, parts.tm_min, local ? zone : "UTC");
}
