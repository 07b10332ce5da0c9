/* SPDX-License-Identifier: Apache-2.0
 * colis-bench-projector COMMANDS BATCH: the projector's core over made commands on a real database, without a
 * broker: read, load, decide, fold, write, commit, batch by batch. Prints seconds and CPU seconds.
 * Settings as any program's (COLIS_POSTGRES_URL, COLIS_NAMESPACE). The database must be migrated and empty.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "consumers/projector/store.h"
#include "shared/base/clock.h"
#include "shared/run/service.h"

enum { BATCH_MAX = 5000 };

static double seconds_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char body[] = "{\"recipient\":{\"name\":\"Awa "
                           "Ndiaye\",\"phone\":\"+221770000000\"},\"origin\":{\"country\":\"FR\",\"city\":"
                           "\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"weight_g\":"
                           "2500,\"category\":\"clothes\","
                           "\"value\":{\"amount\":40000,\"currency\":\"XOF\"},"
                           "\"declaration\":{\"agreed\":true,\"text_version\":1}}";

static void make_event(struct event *event, int64_t number)
{
    char key[32];
    struct id aggregate;

    memset(event, 0, sizeof(*event));
    (void)snprintf(key, sizeof(key), "bench-%lld", (long long)number);
    (void)snprintf(event->principal, sizeof(event->principal), "11111111-1111-4111-8111-%012lld",
                   (long long)(number % 1000));
    id_of_command(span_of(event->principal), span_of(key), &event->id);
    id_of_aggregate(&event->id, "parcel", &aggregate);
    strcpy(event->source, "/ingress");
    strcpy(event->type, "parcel.register.v1");
    (void)snprintf(event->subject, sizeof(event->subject), "parcel/%s", aggregate.text);
    strcpy(event->dataschema, "/schemas/commands/parcel.register.v1");
    strcpy(event->key, event->principal);
    strcpy(event->role, "person");
    strcpy(event->fingerprint, "00112233445566778899aabbccddeeff");
    event->data = SPAN(body);
    event->readable = true;
    event->topic = "commands";
    event->stored_ms = clock_wall_ms();
    event->offset = number;
    event->raw_key = span_of(event->key);
}

static int run_batch(struct store *store, struct batch *batch, const struct event *events, int count,
                     struct reader_position *position)
{
    enum batch_outcome outcome;
    int result;

    batch_start(batch, events, (size_t)count);
    result = store_load(store, batch, position, 1, false);
    if (result != READER_DONE)
        return error_new(ERROR_LINK, "load: %d", result);
    for (int i = 0; i < count; i++)
        TRY(batch_decide(batch, &batch->items[i], &outcome));
    position->next = events[count - 1].offset + 1;
    result = store_commit(store, batch, position, 1, NULL);
    if (result != READER_DONE)
        return error_new(ERROR_LINK, "commit: %d", result);
    position->from = position->next;
    return 0;
}

static int bench(int64_t commands, int size)
{
    static struct event events[BATCH_MAX];
    struct store store = {0};
    struct batch batch = {0};
    struct reader_position position = {"commands", 0, -1, -1};
    double wall = 0, cpu = 0;

    TRY(store_new(&store, "colis-bench", service_values.name_space));
    if (store_positions(&store, &position, 1) != READER_DONE)
        return error_new(ERROR_LINK, "no position");
    position.from = position.next;
    for (int64_t done = 0; done < commands; done += size) {
        double wall_began, cpu_began;

        for (int i = 0; i < size; i++)
            make_event(&events[i], done + i);
        wall_began = seconds_of(CLOCK_MONOTONIC);
        cpu_began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        TRY(run_batch(&store, &batch, events, size, &position));
        wall += seconds_of(CLOCK_MONOTONIC) - wall_began;
        cpu += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_began;
    }
    printf("{\"commands\":%lld,\"batch\":%d,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", (long long)commands,
           size, wall, cpu);
    store_done(&store);
    batch_done(&batch);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct setting *const settings[] = {postgres_settings, service_settings, NULL};
    int64_t commands = argc > 1 ? atoll(argv[1]) : 20000;
    int size = argc > 2 ? atoi(argv[2]) : 1000;

    if (size < 1 || size > BATCH_MAX || settings_read(settings, 1, argv, getenv) != 0 ||
        bench(commands, size) != 0) {
        fprintf(stderr, "%s\n", error_text());
        return 1;
    }
    return 0;
}
