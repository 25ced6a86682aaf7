-- What a second reading of 0040 to 0052 found: headers of kept answers, whose turn a request is, and indexes for what is asked.

-- An answer is given again with its headers, and only by whoever's turn it was to give it.
alter table kept_answer add column turn bigint not null default 1;  -- rises when a request that seems dead is begun again
alter table kept_answer add column headers jsonb;
update kept_answer set headers = jsonb_build_object('content-type', content_type) where content_type is not null;
alter table kept_answer drop column content_type;

create index audit_entry_actor on audit_entry (actor, seq);
create index audit_entry_request on audit_entry (request_id);

-- A dry run is shown order by order.
create index dry_run_line_of_order on dry_run_line (store, run, order_id, id);
create index dry_run_hold_of_order on dry_run_hold (store, run, order_id, id);
create index dry_run_difference_of_order on dry_run_difference (store, run, order_id, id);

-- Whether a record is a document already.
create index document_posted_record on document (store, record_no) where state = 'posted';

-- The last delivery is read off the deliveries themselves.
alter table webhook_wish drop column heard_id, drop column heard_at;
