-- Master data: what an Intacct company has set up, mirrored here, so that documents are checked before a call is spent.

create table master_record (
    company     text        not null,
    kind        text        not null,          -- for example gl-account, customer, dimension:REGION
    id          text        not null,          -- what rules and documents name it by
    record_no   bigint      not null,          -- RECORDNO
    name        text        not null,
    status      text        not null check (status in ('active', 'non-posting', 'inactive', 'gone')),
    email       text        check (email = lower(email)),   -- of customers only
    facts       jsonb       not null,          -- what else validation needs, by kind
    modified    timestamp,                     -- WHENMODIFIED: the company's own clock, without a time zone
    seen_at     timestamptz not null default now(),
    primary key (company, kind, id)
) with (fillfactor = 80);
create index master_record_email on master_record (company, email) where email is not null;

-- How far the mirror of each kind is.
create table master_refresh (
    company        text        not null,
    kind           text        not null,
    version        bigint      not null default 0,   -- rises whenever something that is read from the mirror changed
    mark           timestamp,                        -- records modified before it are known, by the company's own clock
    last_full_at   timestamptz,                      -- null: never read whole, so nothing is judged by it
    last_read_at   timestamptz,
    tried_at       timestamptz,
    unavailable    text,                             -- why the company does not offer this kind
    last_error     text,                             -- why the last try failed; it is repeated
    -- The reading under way: begun when, whole or only what changed, and how far it is. It survives a crash.
    run_started_at timestamptz,
    run_full       boolean,
    run_after      bigint,                           -- record numbers up to this one are read
    run_mark       timestamp,                        -- the latest modification seen in this reading
    primary key (company, kind)
);
