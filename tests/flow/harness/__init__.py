"""What flow, fault and bench tests stand on: a bus of their own on the shared servers, and eyes for every place."""
