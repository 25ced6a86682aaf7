-- What people do about failures: holds are put aside for a while, grouped by their cause, and looked through.

-- Put aside until then: it blocks as before, but is left out of lists and counts.
alter table hold add column snoozed_until timestamptz;
alter table hold add column snooze_reason text;
alter table hold add column snoozed_by text;
create index hold_open_of_store on hold (store, id) where released_at is null;

-- What a hold comes of, so that all that come of the same are one group: of a refusal Intacct's reason without numbers and
-- support ids that differ from document to document, of anything else its subject without the order's own number.
create function cause_of(code text, subject text, order_id bigint, message text, error text) returns text
language sql immutable parallel safe as $$
    select case
        when code = 'rejected-by-intacct' then
            replace(regexp_replace(split_part(coalesce(error, message), ' Intacct says: ', 1),
                                   '\s*\[support id[^]]*\]', '', 'gi'), subject, '…')
        when order_id is null or strpos(subject, order_id::text) = 0 then subject
        when starts_with(subject, 'order ' || order_id) then
            regexp_replace(replace(subject, 'order ' || order_id, 'order'), ', refund \d+', '')
        when subject ~ '[\s'']' then subject
        else regexp_replace(replace(subject, '-' || order_id, '-…'), '-….*$', '-…')
    end
$$;

-- The open holds with their causes.
create view open_hold as
select h.id, h.store, h.order_id, h.document_key, h.code, h.subject, h.message, h.remedy, h.amount, h.currency,
       h.opened_at, h.snoozed_until, h.snooze_reason, h.snoozed_by,
       coalesce(h.snoozed_until > now(), false) as snoozed,
       cause_of(h.code, h.subject, h.order_id, h.message, refused.error) as cause
  from hold h
  left join lateral (
        select d.error from document d
         where h.code = 'rejected-by-intacct' and d.store = h.store and d.state = 'rejected' and d.number = h.subject
           and (d.order_id = h.order_id or d.key = h.document_key)
         order by d.key limit 1) refused on true
 where h.released_at is null;

-- Deliveries are looked through by time.
create index inbox_received on inbox (store, received_at, id);
