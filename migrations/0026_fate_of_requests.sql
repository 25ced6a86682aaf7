-- Until when a request whose answer was lost may still be under way in Intacct, although a look-up found nothing. Until
-- then only the very same request may be sent again; null when the fate of every attempt is certain.
alter table document add column open_until timestamptz;
