-- What somebody waits for is told first: codes, links and pages to pay on stand in lane 0, what may wait in lane 1, as
-- the table of notifications says (consumers/notifier/notice.c), and in lane 2 what a provider refused while it refused
-- everybody. In a lane the row that is due longest goes first.
alter table bus.notification add column lane smallint not null default 0;
update bus.notification set lane = 1
    where state <> 'sent' and purpose in ('parcel.registered', 'parcel.cancelled', 'review.opened/sender',
        'review.opened/traveller', 'review.published/sender', 'review.published/traveller', 'trip.announced');
drop index bus.notification_due;
create index notification_due on bus.notification (lane, next_at) where state in ('queued', 'sending');
