-- Who wants to pay, has just paid, or is to get money does not stand behind every page that is watched. In a lane the
-- row that is due longest goes first; a lane is its steps.
drop index bus.payment_task_due;
create index payment_task_due on bus.payment_task (next_at) where step in ('create', 'claim', 'send', 'verify');
create index payment_task_watched on bus.payment_task (next_at) where step = 'watch';
