-- Pages with room: a state is updated in place up to twenty times, and where its page has room the update writes no
-- index (HOT). Rows written together are changed together, so half a page; a parcel alone is registered far more
-- often than it is carried.
alter table state.booking set (fillfactor = 50);
alter table state.payment set (fillfactor = 50);
alter table state.trip    set (fillfactor = 50);
alter table state.profile set (fillfactor = 50);
alter table state.review  set (fillfactor = 50);
alter table state.parcel  set (fillfactor = 70);
