"""What must be true of trips, parcels and bookings at any time, whatever died (design: the laws of the tables)."""
import collections

TRIPS = "select id::text, state, capacity_g, reserved_g, bookings from state.trip"
PARCELS = "select id::text, state, booking::text from state.parcel"
BOOKINGS = "select id::text, state, parcel::text from state.booking"
LIVE = {"requested", "accepted", "paid", "collected", "delivered"}
FREE = {"declined", "expired", "cancelled", None}  # ended without having been carried, or not there at all
UNBOOKED = {"registered", "cancelled"}


def laws_check(find, trips, parcels, bookings):
    """find(kind, text), rows of the three questions above. unlawful is counted as misordered."""
    states = {booking: state for booking, state, _ in bookings}
    trips_check(find, trips, states)
    parcels_check(find, parcels, bookings, states)


def trips_check(find, trips, states):
    """A trip that has left, or ended, keeps its last loads: no fact is told on it any more."""
    for trip, state, capacity, reserved, loads in trips:
        if not 0 <= reserved <= capacity:
            find("unlawful", f"trip {trip}: {reserved} g reserved of {capacity}")
        held = sum(load["grams"] for load in loads)
        if held != reserved:
            find("unlawful", f"trip {trip}: {reserved} g reserved, its bookings hold {held}")
        for load in loads:
            if state == "announced" and states.get(load["booking"]) in FREE:
                find("unlawful", f"trip {trip}: space for booking {load['booking']}, {states.get(load['booking'])}")


def parcels_check(find, parcels, bookings, states):
    live = collections.defaultdict(list)
    for booking, state, parcel in bookings:
        if state in LIVE:
            live[parcel].append(booking)
    for parcel, state, booking in parcels:
        if len(live[parcel]) > 1:
            find("unlawful", f"parcel {parcel} has live bookings {live[parcel]}")
        if live[parcel] and booking not in live[parcel]:
            find("unlawful", f"parcel {parcel} is booked by {booking}, live is {live[parcel]}")
        if booking and (state in UNBOOKED or states.get(booking) in FREE):
            find("unlawful", f"parcel {parcel} is {state} and booked by {booking}, {states.get(booking)}")
