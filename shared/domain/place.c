/* SPDX-License-Identifier: Apache-2.0
 * Country, city and spot of what a person gives as an address. */
#include "shared/domain/place.h"

#include <string.h>

#include "shared/base/buf.h"

enum { E7_OF_HUNDREDTH = 100000 }; /* 0.01 degree in 1e-7 degrees */

struct place place_of(const struct address *address)
{
    struct place place = {0};

    memcpy(place.country, address->country, sizeof(place.country));
    memcpy(place.city, address->city, sizeof(place.city));
    return place;
}

bool place_same(const struct place *one, const struct place *other)
{
    return strcmp(one->country, other->country) == 0 && span_is_nocase(span_of(one->city), other->city);
}

static int64_t rounded(int64_t e7)
{
    const int64_t half = E7_OF_HUNDREDTH / 2;

    return (e7 + (e7 < 0 ? -half : half)) / E7_OF_HUNDREDTH;
}

struct spot spot_of(const struct point *point)
{
    return (struct spot){.lat_c = rounded(point->lat_e7), .lon_c = rounded(point->lon_e7)};
}
