-- The first schema. Keys lead with the store, so that the tables can be spread by it on a Postgres that shards.

-- Every webhook delivery that was verified, as it came. Insert-only: the durable proof behind each answer of 200.
create table inbox (
    id           bigint generated always as identity primary key,
    store        text        not null,
    webhook_id   text        not null,
    scope        text        not null,
    order_id     bigint,                -- null: a scope that does not concern an order
    event_at     timestamptz not null,
    body         text        not null,
    received_at  timestamptz not null default now(),
    unique (store, webhook_id)
);

-- One row per order with open work. Gone when there is nothing to do; small and hot.
create table lane (
    store        text        not null,
    order_id     bigint      not null,
    version      bigint      not null default 1,  -- counts marks: a mark that arrives while the order runs is not lost
    run_at       timestamptz not null default now(),
    leased_until timestamptz not null default '-infinity',
    lease_token  uuid,
    failures     integer     not null default 0,  -- consecutive, for the back-off
    waits        integer     not null default 0,  -- re-reads for payment data that was not there yet
    last_error   text,
    primary key (store, order_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
-- leased_until is in no index on purpose: taking a lease then stays a heap-only update.
create index lane_due on lane (run_at);

-- What was read of an order, once per content hash.
create table evidence (
    store    text        not null,
    order_id bigint      not null,
    hash     text        not null,
    facts    jsonb       not null,
    read_at  timestamptz not null default now(),
    primary key (store, order_id, hash)
);

-- The rulebook: each change is a new immutable revision.
create table rulebook (
    revision bigint generated always as identity primary key,
    store    text        not null,
    rules    jsonb       not null,
    author   text        not null,
    note     text        not null,
    made_at  timestamptz not null default now()
);
create index rulebook_of_store on rulebook (store, revision desc);

-- Where each order stands.
create table sales_order (
    store         text        not null,
    order_id      bigint      not null,
    outcome       text        not null check (outcome in ('posted', 'held', 'waiting', 'excluded', 'failing')),
    reason        text        not null default '',
    status        text        not null default '',
    order_date    date,
    customer_id   text,
    currency      text,
    total         numeric,
    open_balance  numeric,
    evidence_hash text,
    revision      bigint,
    updated_at    timestamptz not null default now(),
    primary key (store, order_id)
);

-- Documents: stored before they are sent. The key is the idempotency key of the posting, for ever.
create table document (
    key           text        primary key,
    store         text        not null,
    order_id      bigint,                -- null: a customer, which belongs to no one order
    kind          text        not null,
    number        text        not null,
    state         text        not null check (state in ('planned', 'sending', 'posted', 'rejected', 'unknown')),
    customer_id   text        not null,
    currency      text,
    total         numeric,
    posting_date  date,
    body          jsonb       not null,
    content_hash  text        not null,
    evidence_hash text,
    revision      bigint,
    request       text,
    request_hash  text,
    attempts      integer     not null default 0,
    record_no     text,
    error         text,
    planned_at    timestamptz not null default now(),
    sent_at       timestamptz,
    settled_at    timestamptz,
    -- posted exactly when we know its record number in Intacct
    check ((state = 'posted') = (record_no is not null))
);
create index document_of_order on document (store, order_id);
create index document_open on document (state) where state <> 'posted';

-- Every posted line, so that reports are plain SQL.
create table posting_line (
    document_key text    not null references document (key),
    position     integer not null,
    account      text    not null,
    debit        numeric not null check (debit >= 0),
    credit       numeric not null check (credit >= 0),
    currency     text    not null,
    dimensions   jsonb   not null,
    memo         text    not null,
    rule         text    not null,
    primary key (document_key, position)
);
create index posting_line_account on posting_line (account);

-- One row per try at sending or looking up a document: the audit trail.
create table attempt (
    document_key text        not null references document (key),
    number       integer     not null,
    step         text        not null check (step in ('send', 'look-up')),
    at           timestamptz not null default now(),
    outcome      text        not null,
    answer       text,
    primary key (document_key, number, step, at)
);

-- Reasons not to post.
create table hold (
    id          bigint generated always as identity primary key,
    store       text        not null,
    order_id    bigint      not null,
    code        text        not null,
    subject     text        not null,
    message     text        not null,
    remedy      text        not null,
    amount      numeric,
    currency    text,
    opened_at   timestamptz not null default now(),
    released_at timestamptz
);
create unique index hold_open on hold (store, order_id, code, subject) where released_at is null;

-- Which Intacct customer a buyer is.
create table customer (
    company    text        not null,
    identity   text        not null,
    intacct_id text        not null,
    record_no  text        not null,
    found_by   text        not null check (found_by in ('created', 'external-id', 'e-mail', 'rule')),
    linked_at  timestamptz not null default now(),
    primary key (company, identity)
);

-- Permits to talk to an Intacct company, shared by all replicas: its concurrency is small and counted per company.
create table company_slot (
    company      text        not null,
    slot         integer     not null,
    token        uuid        not null,
    leased_until timestamptz not null,
    primary key (company, slot)
);

-- API transactions per company and month: they cost money.
create table company_usage (
    company      text   not null,
    month        date   not null,
    transactions bigint not null default 0,
    primary key (company, month)
);
