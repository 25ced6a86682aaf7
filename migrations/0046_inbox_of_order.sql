-- The deliveries of one order, for its history.
create index inbox_of_order on inbox (store, order_id) where order_id is not null;
