/* SPDX-License-Identifier: Apache-2.0
 * How many requests of each person are unanswered, whatever they wait for: a verdict, PostgreSQL, MongoDB.
 * The places to wait in are everybody's: nobody takes all of them. A person is here while a request of theirs
 * is. */
#include "consumers/query/query.h"

#include "shared/base/crypto.h"

enum { CHAINS = 4096 }; /* a power of two */

struct person {
    struct person *next; /* of its chain */
    struct id id;
    size_t requests;
};

void persons_start(struct persons *persons, size_t cap)
{
    persons->cap = cap;
    persons->chains = memory_new(CHAINS, sizeof(*persons->chains));
    crypto_random(&persons->seed, sizeof(persons->seed));
}

void persons_stop(struct persons *persons)
{
    free(persons->chains);
    persons->chains = NULL;
}

static struct person **chain_of(const struct persons *persons, const struct id *id)
{
    uint64_t hash = persons->seed;
    for (const char *at = id->text; *at; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return &persons->chains[hash % CHAINS];
}

struct person *persons_enter(struct persons *persons, const struct id *id)
{
    struct person **chain = chain_of(persons, id), *person = *chain;
    while (person && !id_same(&person->id, id))
        person = person->next;
    if (!person) {
        person = memory_new(1, sizeof(*person));
        *person = (struct person){.next = *chain, .id = *id};
        *chain = person;
    }
    if (person->requests >= persons->cap)
        return NULL;
    person->requests++;
    return person;
}

void persons_leave(struct persons *persons, struct person *person)
{
    if (--person->requests > 0)
        return;
    struct person **at = chain_of(persons, &person->id);
    while (*at != person)
        at = &(*at)->next;
    *at = person->next;
    free(person);
}
