-- Rises whenever an event is to be looked at anew: what was decided before that does not count.
alter table ledger_event add column version bigint not null default 1;
