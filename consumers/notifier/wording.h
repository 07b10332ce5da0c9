/* SPDX-License-Identifier: Apache-2.0
 * The texts, as rows: one a purpose of notice.c, in both languages. A text is what stands between the
 * greeting and the signature; {path} in it is a value (template.h), and a line that names what is absent is
 * left out. Nobody's private value may stand in a text for somebody else: none but {name}, {code}, {link} and
 * {pay_link} are private, and these are the reader's own. */
#ifndef COLIS_NOTIFIER_WORDING_H
#define COLIS_NOTIFIER_WORDING_H

enum wording_frame {
    WORDING_BARE = 1, /* greeting and signature */
    WORDING_BOOKING,  /* and below the text the route and the numbers of booking and parcel */
};

struct wording_text {
    const char *subject, *text;
};

struct wording {
    const char *purpose;
    enum wording_frame frame;
    struct wording_text fr, en;
};
/* Each ends with an empty row. */
extern const struct wording wordings_parcel[], wordings_booking[], wordings_money[];

#endif
