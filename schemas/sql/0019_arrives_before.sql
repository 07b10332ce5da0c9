-- The arrival last agreed to, kept beside the departure while new dates are open: two short moves are one long one.
alter table state.booking add column arrives_before timestamptz;
