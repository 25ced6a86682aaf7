-- Who looked at a revision, what it changed, and proposals that wait for a second person.

alter table rulebook add column approved_by   text;      -- null: no second person was asked for
-- Rules added, changed and removed against the revision before; null: saved before this was kept.
alter table rulebook add column rules_added   integer;
alter table rulebook add column rules_changed integer;
alter table rulebook add column rules_removed integer;

-- A change of the rules that waits for another person, or what became of it.
create table rule_proposal (
    id            bigint generated always as identity,
    store         text        not null,
    base_revision bigint      not null,                  -- what it was made against; 0: no rules yet
    rules         jsonb       not null,                  -- all rules, as they would be after it
    note          text        not null,
    proposed_by   text        not null,
    proposed_at   timestamptz not null default now(),
    state         text        not null default 'open' check (state in ('open', 'approved', 'rejected', 'withdrawn')),
    decided_by    text,
    decided_at    timestamptz,
    reason        text        not null default '',
    revision      bigint      references rulebook (revision),   -- what it became
    primary key (store, id),
    check ((state = 'open') = (decided_by is null) and (state = 'open') = (decided_at is null)),
    check ((state = 'approved') = (revision is not null)),
    -- Nobody approves what is their own, whatever the program does.
    check (state <> 'approved' or lower(decided_by) <> lower(proposed_by))
);
create index rule_proposal_open on rule_proposal (store, id) where state = 'open';
