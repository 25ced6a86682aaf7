-- What happened outside the shop (payouts, disputes, ...), as it was reported; each becomes one journal or two.
create table ledger_event (
    store       text        not null,
    name        text        not null,               -- its kind and its own name, for example payout/stripe-po_1
    subject     text        not null,               -- its own name: what opens and decides a dispute shares it
    day         date        not null,               -- when it counts, in the store's time zone
    event       jsonb       not null,
    received_at timestamptz not null default now(),
    settled_at  timestamptz,                        -- when all of it was in Intacct
    retry_at    timestamptz default now(),          -- when it is tried (again); null: held until something changes
    failures    integer     not null default 0,
    primary key (store, name)
);
create index ledger_event_open on ledger_event (store, retry_at) where settled_at is null;
create index ledger_event_subject on ledger_event (store, subject);
