-- What is wished of a store's webhooks, and what was found.
create table webhook_wish (
    store       text        primary key,
    desired     text        not null default 'unmanaged' check (desired in ('unmanaged', 'installed', 'removed')),
    asked_by    text,
    asked_at    timestamptz,
    checked_at  timestamptz,                                  -- the last time that hooks were looked at
    others      bigint      not null default 0,               -- hooks of the same API account that are none of ours
    since       timestamptz not null default now(),           -- deliveries are listened for since
    heard_id    bigint      not null default 0,               -- deliveries up to this one are counted in heard_at
    heard_at    timestamptz                                   -- the last delivery
);

create table webhook_hook (
    store       text        not null,
    hook_id     bigint      not null,
    scope       text        not null,
    destination text        not null,
    active      boolean     not null,
    headers_fit boolean     not null,
    primary key (store, hook_id)
);

-- Notices that deliveries fail: few, and looked for often.
create index inbox_delivery_exception on inbox (store, received_at) where scope = 'store/hook/deliveryException';
