-- What is old is removed in small steps: how far that is, the indexes by which it is found, and vacuum that keeps pace.

-- Of each store: when it is looked at next, and how far what is old was looked through.
create table retention (
    store              text        primary key,
    next_at            timestamptz not null default '-infinity',
    deliveries_through timestamptz,  -- received when the youngest delivery was that was removed; null: none was
    -- Evidence that an order was read as until it read otherwise: the reading that was looked at last; null: none.
    evidence_through   timestamptz,
    evidence_order     bigint,
    -- Attempts of posted documents: the document that was looked at last; null: none.
    attempts_through   timestamptz,
    attempts_key       text,
    check ((evidence_through is null) = (evidence_order is null)),
    check ((attempts_through is null) = (attempts_key is null))
);

-- Old rows are found by time, each once. Deliveries have such an index (inbox_received). Not BRIN: the room of removed rows
-- is given to new ones, after which every range of blocks has both, and a look for old rows reads the whole table.
create index evidence_since on evidence (store, current_since, order_id);
create index document_settled on document (store, settled_at, key) where state = 'posted';

-- A dry run that is being removed, which takes many steps, is not there for anybody any more.
alter table dry_run add column removed_at timestamptz;
alter table dry_run add column removed_through bigint not null default 0;  -- lines up to this one are removed

-- Vacuum after a fiftieth of a table has changed and not after a fifth: rows come and go, or change their state, by the
-- million, and every look through an index walks over what is left of them.
alter table inbox       set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
alter table attempt     set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
alter table document    set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
alter table sales_order set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
alter table hold        set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter table evidence    set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
                             toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 5000);
