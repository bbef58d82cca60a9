"""What producer and consumer agree on: frames, wire format, addresses, states, errors, options."""
