-- Statements about lanes keep the plan that was made while the table was small. For a table of a few pages that plan reads
-- all of it, and at the start of a rush, until Postgres analyses the table, all of it is a million rows. So the table has a
-- hundred pages from the start and keeps its pages: then it is always looked up by its indexes. Vacuum also takes no
-- exclusive lock for giving pages back.
alter table lane set (vacuum_truncate = off);
insert into lane (store, order_id, last_error) select '', room, repeat('x', 1000) from generate_series(1, 800) room;
delete from lane where store = '';
