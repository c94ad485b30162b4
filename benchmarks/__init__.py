"""What a call and a notification cost, beside hand-written floors and a peer, interleaved in one run."""
