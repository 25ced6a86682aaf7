-- Customers: which of them take no documents, and what Intacct was told of each against what the buyer's newest order says.

-- Found inactive, and since when: looked up again before anything is sent to it.
alter table customer add column inactive_since timestamptz;
create index customer_of_id on customer (company, intacct_id);

-- One row per customer that follows its buyer's orders. What is wanted and was not told yet is sent by the keeper.
create table customer_card (
    company          text        not null,
    intacct_id       text        not null,
    store            text        not null,  -- where the buyer was first seen: first part of the keys of its updates
    record           jsonb       not null,  -- the buyer as the newest order says
    as_of            timestamptz not null,  -- when that order was placed: an older one never changes it
    order_id         bigint      not null,
    card_hash        text        not null,  -- of name, person, e-mail, phone and billing address
    ship_to_hash     text,                  -- of the shipping address; null while no order has said one
    told_card_hash   text,                  -- what Intacct has; null: not known
    told_ship_to_hash text,
    has_ship_to      boolean     not null default false,  -- whether the customer names a ship-to contact of its own
    revision         integer     not null,  -- of the last document of the customer that was posted
    ship_to_revision integer     not null,  -- the same of its ship-to contact; 0: there is none
    retry_at         timestamptz not null default now(),  -- infinity: refused, until an order of the buyer says something
    failures         integer     not null default 0,
    primary key (company, intacct_id)
);
create index customer_card_due on customer_card (retry_at)
    where card_hash is distinct from told_card_hash or ship_to_hash is distinct from told_ship_to_hash;

-- All held orders of a buyer go on when their customer is found.
create index hold_open_of_subject on hold (store, subject) where released_at is null and order_id is not null;
