"""What the front door does, one file a kind of operation."""
