-- The end of the drop-off last agreed to, kept beside the departure and the arrival while new dates are open.
alter table state.booking add column drop_off_before timestamptz;
