-- Since when an order reads as this evidence says: set anew when it comes back to what it was before. The day of a
-- correction comes from it, so it must be the same however often the order is judged.
alter table evidence add column current_since timestamptz not null default now();
update evidence set current_since = read_at;
