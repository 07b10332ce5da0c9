/* SPDX-License-Identifier: Apache-2.0
 * Where the server is: libpq would ask the name server where it stands, on the caller's thread, for as long
 * as that takes. Addresses of names are asked for on a thread of the lookup's own and handed to libpq beside
 * the names, which certificates are still checked against. Whoever of the two is done last frees the lookup:
 * getaddrinfo cannot be called off. */
#include "shared/links/postgres_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/base/host.h"

enum { ADDRESSES = 16 }; /* of all names together; those behind are left out */

struct postgres_lookup {
    atomic_int owners;
    atomic_bool answered;
    int told; /* an eventfd; -1 where nobody is asked */
    PQconninfoOption *options;
    const char *hosts, *addresses, *ports; /* of the options: lists with commas; empty: not said */
    struct postgres_places places;
};

static void drop(struct postgres_lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->owners, 1) > 1)
        return;
    if (lookup->told >= 0)
        close(lookup->told);
    PQconninfoFree(lookup->options);
    buf_done(&lookup->places.hosts);
    buf_done(&lookup->places.addresses);
    buf_done(&lookup->places.ports);
    free(lookup);
}

/* The item of a list with commas at *at, which moves behind it; false: there is none. */
static bool item(const char **at, struct span *ret_item)
{
    if (!*at)
        return false;
    size_t size = strcspn(*at, ",");
    *ret_item = (struct span){*at, size};
    *at = (*at)[size] ? *at + size + 1 : NULL;
    return true;
}

/* The next of two lists, empty of one that has ended; false: both have. */
static bool pair(const char **one, const char **other, struct span *ret_one, struct span *ret_other)
{
    *ret_one = *ret_other = (struct span){0};
    bool any = item(one, ret_one);
    return item(other, ret_other) || any;
}

static void put_item(struct buf *list, bool first, const char *text)
{
    if (!first)
        buf_byte(list, ',');
    buf_text(list, text);
}

static void put_place(struct postgres_places *places, const char *host, const char *address, const char *port)
{
    put_item(&places->hosts, places->count == 0, host);
    put_item(&places->addresses, places->count == 0, address);
    put_item(&places->ports, places->count == 0, port);
    places->count++;
}

/* Sockets, addresses, and none at all, which is libpq's to choose. */
static bool is_name(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return host[0] && host[0] != '/' && host[0] != '@' && inet_pton(AF_INET, host, address) != 1 &&
           inet_pton(AF_INET6, host, address) != 1;
}

static void look_up(struct postgres_places *places, const char *host, const char *port)
{
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char address[64];
    int problem = getaddrinfo(host, NULL, &wanted, &found);

    if (problem != 0)
        places->problem = gai_strerror(problem);
    for (struct addrinfo *at = problem == 0 ? found : NULL; at && places->count < ADDRESSES; at = at->ai_next)
        if (getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST) == 0)
            put_place(places, host, address, port);
    if (problem == 0)
        freeaddrinfo(found);
}

/* As the url lists them; one that names nobody has one place, which is libpq's to choose. false: a name is to
 * be asked about, and may not be. */
static bool list_places(struct postgres_lookup *lookup, bool may_ask)
{
    const char *hosts = lookup->hosts, *addresses = lookup->addresses, *ports = lookup->ports;
    char host[256], address[64], number[8];
    struct span name, known, port = {0};
    while (pair(&hosts, &addresses, &name, &known)) {
        (void)item(&ports, &port); /* one for all, or one for each */
        if (text_copy(host, sizeof(host), name) != 0 || text_copy(address, sizeof(address), known) != 0 ||
            text_copy(number, sizeof(number), port) != 0)
            lookup->places.problem = "a host, its address or its port is too long";
        else if (address[0] || !is_name(host))
            put_place(&lookup->places, host, address, number);
        else if (may_ask)
            look_up(&lookup->places, host, number);
        else
            return false;
    }
    return true;
}

/* Those before the first name would be there twice. */
static void places_clear(struct postgres_places *places)
{
    buf_clear(&places->hosts);
    buf_clear(&places->addresses);
    buf_clear(&places->ports);
    places->count = 0;
}

static void *look_up_all(void *self)
{
    struct postgres_lookup *lookup = self;
    (void)list_places(lookup, true);
    atomic_store(&lookup->answered, true);
    while (eventfd_write(lookup->told, 1) < 0 && errno == EINTR)
        continue;
    drop(lookup);
    return NULL;
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    while (options && options->keyword && strcmp(options->keyword, keyword) != 0)
        options++;
    return options && options->keyword && options->val ? options->val : "";
}

static void read_url(struct postgres_lookup *lookup)
{
    lookup->options = PQconninfoParse(postgres_given.url, NULL);
    lookup->hosts = value_of(lookup->options, "host");
    lookup->addresses = value_of(lookup->options, "hostaddr");
    lookup->ports = value_of(lookup->options, "port");
}

/* What libpq goes by where the url says nothing: the environment. */
static const char *value_or(const PQconninfoOption *url, const PQconninfoOption *silent, const char *keyword)
{
    const char *value = value_of(url, keyword);
    return value[0] ? value : value_of(silent, keyword);
}

/* A socket, or this machine by its name or address. */
static bool is_here(struct span place)
{
    char host[64];
    return place.size == 0 || place.data[0] == '/' || place.data[0] == '@' ||
           (text_copy(host, sizeof(host), place) == 0 && host_is_loopback(host));
}

/* What a service's file says is not asked: it may say something else when there is a connection to make. */
static bool stays_here(const PQconninfoOption *url, const PQconninfoOption *silent)
{
    const char *hosts = value_or(url, silent, "host"), *addresses = value_or(url, silent, "hostaddr");
    struct span name, known;
    bool here = !value_or(url, silent, "service")[0];
    while (here && pair(&hosts, &addresses, &name, &known))
        here = is_here(known.size > 0 ? known : name);
    return here;
}

/* verify-full alone: with less, libpq takes whoever answers for the server, or talks in the clear when asked
 * to. Only the url's own word counts, as no service or environment outdoes it. */
int postgres_lookup_check(void)
{
    PQconninfoOption *url = PQconninfoParse(postgres_given.url, NULL);
    if (!url)
        return error_new(ERROR_SETTINGS, "postgres_url is malformed"); /* libpq's reason may quote it */
    PQconninfoOption *silent = PQconndefaults();
    if (!silent)
        abort(); /* out of memory */
    bool good = strcmp(value_of(url, "sslmode"), "verify-full") == 0 || stays_here(url, silent);
    PQconninfoFree(url);
    PQconninfoFree(silent);
    return good ? 0
                : error_new(ERROR_SETTINGS, "postgres_url: must say sslmode=verify-full, or be on loopback");
}

static bool ask(struct postgres_lookup *lookup)
{
    pthread_t thread;
    lookup->told = eventfd(0, EFD_CLOEXEC);
    if (lookup->told < 0)
        return false;
    atomic_store(&lookup->owners, 2);
    if (pthread_create(&thread, NULL, look_up_all, lookup) != 0) {
        atomic_store(&lookup->owners, 1);
        return false;
    }
    pthread_detach(thread);
    return true;
}

int postgres_lookup_start(struct postgres *link)
{
    if (link->lookup)
        return POSTGRES_DONE;
    struct postgres_lookup *lookup = memory_new(1, sizeof(*lookup));
    atomic_init(&lookup->owners, 1);
    lookup->told = -1;
    lookup->places.problem = "the server's name has no address";
    read_url(lookup);
    bool answered = list_places(lookup, false);
    atomic_init(&lookup->answered, answered);
    if (!answered) {
        places_clear(&lookup->places);
        if (!ask(lookup)) {
            drop(lookup);
            postgres_because(link, "no thread to look up the server");
            return POSTGRES_RETRY;
        }
    }
    link->lookup = lookup;
    return POSTGRES_DONE;
}

bool postgres_lookup_answered(const struct postgres_lookup *lookup)
{
    return atomic_load(&lookup->answered);
}

int postgres_lookup_descriptor(const struct postgres_lookup *lookup)
{
    return lookup->told;
}

const struct postgres_places *postgres_lookup_places(const struct postgres_lookup *lookup)
{
    return &lookup->places;
}

void postgres_lookup_free(struct postgres_lookup *lookup)
{
    if (lookup)
        drop(lookup);
}
