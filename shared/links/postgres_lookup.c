/* SPDX-License-Identifier: Apache-2.0
 * The addresses of the server's names, for servers: libpq would ask the name server where it stands, on the
 * loop's thread, for as long as that takes. They are asked for on a thread of the lookup's own and handed to
 * libpq beside the names, which certificates are still checked against. Whoever of the two is done last
 * frees the lookup: getaddrinfo cannot be called off. */
#include "shared/links/postgres_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ADDRESSES = 16 }; /* of all names together; those behind are left out */

struct postgres_lookup {
    atomic_int owners;
    atomic_bool answered;
    int told; /* an eventfd */
    struct buf names, ports;
    struct postgres_places places;
};

static void drop(struct postgres_lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->owners, 1) > 1)
        return;
    if (lookup->told >= 0)
        close(lookup->told);
    buf_done(&lookup->names);
    buf_done(&lookup->ports);
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

static void *look_up_all(void *self)
{
    struct postgres_lookup *lookup = self;
    const char *names = lookup->names.data, *ports = lookup->ports.data;
    struct span name, port = {0};
    char host[256], number[8];

    while (item(&names, &name)) {
        (void)item(&ports, &port); /* one for all, or one for each */
        if (text_copy(host, sizeof(host), name) != 0 || text_copy(number, sizeof(number), port) != 0)
            lookup->places.problem = "a host or its port is too long";
        else if (is_name(host))
            look_up(&lookup->places, host, number);
        else
            put_place(&lookup->places, host, "", number);
    }
    atomic_store(&lookup->answered, true);
    while (eventfd_write(lookup->told, 1) < 0 && errno == EINTR)
        continue;
    drop(lookup);
    return NULL;
}

/* Whether a name is among the hosts, which are kept if so. */
static bool has_names(const char *url, struct buf *ret_names, struct buf *ret_ports)
{
    bool any = false, known = false;
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    const char *hosts = NULL, *ports = NULL;
    struct span host;
    char text[256];

    for (PQconninfoOption *option = options; option && option->keyword; option++) {
        hosts = strcmp(option->keyword, "host") == 0 ? option->val : hosts;
        ports = strcmp(option->keyword, "port") == 0 ? option->val : ports;
        known = known || (strcmp(option->keyword, "hostaddr") == 0 && option->val);
    }
    buf_text(ret_names, hosts ? hosts : "");
    buf_text(ret_ports, ports ? ports : "");
    while (!known && item(&hosts, &host))
        any = any || text_copy(text, sizeof(text), host) != 0 || is_name(text);
    PQconninfoFree(options);
    return any;
}

int postgres_lookup_start(const char *url, struct postgres_lookup **ret_lookup)
{
    struct postgres_lookup *lookup = memory_new(1, sizeof(*lookup));
    pthread_t thread;

    *ret_lookup = NULL;
    atomic_init(&lookup->owners, 1);
    lookup->told = -1;
    lookup->places.problem = "the server's name has no address";
    if (!has_names(url, &lookup->names, &lookup->ports)) {
        drop(lookup);
        return POSTGRES_DONE;
    }
    lookup->told = eventfd(0, EFD_CLOEXEC);
    atomic_init(&lookup->owners, 2);
    if (lookup->told < 0 || pthread_create(&thread, NULL, look_up_all, lookup) != 0) {
        atomic_init(&lookup->owners, 1);
        drop(lookup);
        return POSTGRES_RETRY;
    }
    pthread_detach(thread);
    *ret_lookup = lookup;
    return POSTGRES_DONE;
}

int postgres_lookup_descriptor(const struct postgres_lookup *lookup)
{
    return lookup->told;
}

const struct postgres_places *postgres_lookup_answer(const struct postgres_lookup *lookup)
{
    return atomic_load(&lookup->answered) ? &lookup->places : NULL;
}

void postgres_lookup_free(struct postgres_lookup *lookup)
{
    if (lookup)
        drop(lookup);
}
