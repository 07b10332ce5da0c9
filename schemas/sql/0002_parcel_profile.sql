-- The projector's folded tables (columns as in schemas/states) and the private values beside them.
create table state.parcel (
    id                  uuid primary key,
    version             bigint not null,
    state               text not null,
    changed_at          timestamptz not null,
    sender              uuid not null,
    origin_country      text not null,
    origin_city         text not null,
    destination_country text not null,
    destination_city    text not null,
    weight_g            bigint not null,
    category            text not null,
    value_amount        bigint not null,
    value_currency      text not null,
    ready_from          timestamptz,
    deliver_by          timestamptz,
    fragile             boolean,
    registered_at       timestamptz not null,
    cancel_reason       text
);
create index parcel_sender on state.parcel (sender, registered_at desc, id desc);

create table state.profile (
    id         uuid primary key,
    version    bigint not null,
    state      text not null,
    changed_at timestamptz not null,
    n          bigint not null
);

-- Private values: the x-private members of the command that brought them, in canonical form. Insert-only until
-- forget empties them. name says which record (register, profile), n counts within it.
create table private.parcel (
    id    uuid not null,
    name  text not null,
    n     bigint not null,
    value jsonb not null,
    primary key (id, name, n)
);
create table private.profile (
    id    uuid not null,
    name  text not null,
    n     bigint not null,
    value jsonb not null,
    primary key (id, name, n)
);
