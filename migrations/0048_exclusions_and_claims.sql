-- Decisions about orders that the program must keep to: excluded orders, and documents that somebody entered by hand.

-- An order of which nothing is posted.
create table order_exclusion (
    store       text        not null,
    order_id    bigint      not null,
    reason      text        not null,
    excluded_by text        not null,
    excluded_at timestamptz not null default now(),
    primary key (store, order_id)
);

-- Somebody says that a document was entered in Intacct by hand. It counts once a look-up has found it equal.
create table by_hand (
    id           bigint      generated always as identity primary key,
    store        text        not null,
    order_id     bigint      not null,
    document_key text        not null,
    record_no    text,                    -- how it is found: by its record number (of an Order Entry document its id) ...
    number       text,                    -- ... or by its number
    note         text        not null,
    claimed_by   text        not null,
    claimed_at   timestamptz not null default now(),
    -- open: not looked up yet. refused: it was not found, or differs; the document is kept back until somebody claims it
    -- anew or withdraws the claim, because something of it may be in the books.
    state        text        not null default 'open' check (state in ('open', 'accepted', 'refused', 'withdrawn')),
    found_record text,                    -- what it was accepted as
    differences  text,                    -- why it was refused
    settled_at   timestamptz,
    check ((record_no is null) <> (number is null)),
    check ((state = 'accepted') = (found_record is not null)),
    check ((state = 'refused') <= (differences is not null))
);
create unique index by_hand_standing on by_hand (document_key) where state in ('open', 'refused');
create index by_hand_of_order on by_hand (store, order_id) where state in ('open', 'refused');

-- How a posted document came into the books, when not by the program.
alter table document add column found_by text check (found_by in ('hand'));
alter table attempt drop constraint attempt_step_check;
alter table attempt add constraint attempt_step_check check (step in ('send', 'look-up', 'by-hand'));

-- What whoever decides about an order, and whoever sends something of it, take in turn.
create function order_lock(store text, order_id bigint) returns bigint language sql immutable parallel safe as $$
    select hashtextextended('order/' || store || '/' || order_id, 0)
$$;

-- Nothing is sent of an order that is excluded, nor a document that may have been entered by hand. Both are decided under
-- the same lock, so either the decision is seen here, or what is being sent is seen there.
create function may_be_sent() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(order_lock(new.store, new.order_id));
    if exists (select from order_exclusion e where e.store = new.store and e.order_id = new.order_id)
       or exists (select from by_hand b where b.document_key = new.key and b.state in ('open', 'refused')) then
        return null;
    end if;
    return new;
end $$;
create trigger document_may_be_sent before update of state on document for each row
    when (new.state = 'sending' and old.state <> 'sending' and new.order_id is not null)
    execute function may_be_sent();
