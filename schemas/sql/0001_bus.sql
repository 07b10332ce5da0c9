-- What the bus itself keeps: verdicts, positions, the outbox, parked commands, notifications.
-- Each program has its own role (made once a cluster by infra); a missing role is skipped, so that the same
-- file runs on a Supabase project before its roles are made.
create schema if not exists bus;
create schema if not exists state;
create schema if not exists private;

-- One a command id, never pruned: a late copy must meet it. Small on purpose.
create table bus.verdict (
    id          uuid primary key,
    principal   uuid,                    -- null: not a person's
    subject     uuid not null,
    decided_at  timestamptz not null,
    fingerprint bytea,                   -- 16 bytes
    fact_count  smallint not null,
    accepted    boolean not null,
    kind        text not null,           -- of the subject: parcel
    reason      text                     -- of a refusal
);

-- Where each storing reader is: the next offset it will read.
create table bus.position (
    reader    text not null,
    topic     text not null,
    partition int  not null,
    next      bigint not null,
    primary key (reader, topic, partition)
);

-- The Kafka cluster these positions mean; another one stops the reader.
create table bus.cluster (
    reader text primary key,
    id     text not null
);

-- Facts, notices and timers on their way to topics. Rows are deleted once they are on the topic.
-- xid stands before id: defaults are made in the order of the columns, so whoever holds an id had its xid before,
-- and the relay's scan floor can tell by xids that no smaller id is still to come.
create table bus.outbox (
    xid       xid8 not null default pg_current_xact_id(),
    id        bigint generated always as identity primary key,
    shard     smallint not null default 0,
    topic     text not null,             -- without the namespace
    key       text not null,
    aggregate text not null,             -- parcel/8c1e...
    version   bigint not null,           -- of the aggregate; 0 for what is no fact
    event     uuid not null,             -- ce_id
    headers   text not null,             -- JSON object of record headers
    value     text not null,
    due       timestamptz                -- of a timer: not before
);
create index outbox_due on bus.outbox (shard, coalesce(due, '-infinity')) where topic = 'commands';

-- How far each fact topic is known to be published.
create table bus.relay_position (
    topic     text not null,
    partition int  not null,
    next      bigint not null,
    primary key (topic, partition)
);

-- Commands that could not be decided. dead blocks nobody; parked blocks its key until released or discarded.
create table bus.parked (
    partition int    not null,
    "offset"  bigint not null,
    id        uuid,
    at        timestamptz not null,      -- when the broker stored it
    key       text,
    headers   text not null,
    value     bytea,
    reason    text not null,
    kind      text not null check (kind in ('dead', 'parked')),
    action    text check (action in ('release', 'discard')),  -- redrive's mark
    parked_at timestamptz not null default clock_timestamp(),
    primary key (partition, "offset")
);
create index parked_key on bus.parked (key, partition, "offset") where kind = 'parked';
create index parked_id on bus.parked (id) where id is not null;
create index parked_action on bus.parked (partition) where action is not null;

-- What people are told. id derives from (fact, person, purpose): written twice it is one row.
create table bus.notification (
    id         uuid primary key,
    fact       uuid not null,
    person     uuid not null,
    purpose    text not null,            -- parcel.registered
    subject    text not null,            -- parcel/8c1e...
    data       text not null,            -- the fact's data
    state      text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'dead')),
    channel    text not null default 'mail',
    attempts   int  not null default 0,
    next_at    timestamptz not null default clock_timestamp(),
    claimed_at timestamptz,
    repeat     boolean not null default false,  -- a send was cut: this one may be a second copy
    reason     text,
    created_at timestamptz not null default clock_timestamp(),
    sent_at    timestamptz
);
create index notification_due on bus.notification (next_at) where state in ('queued', 'sending');
create index notification_dead on bus.notification (person, created_at) where state = 'dead';
