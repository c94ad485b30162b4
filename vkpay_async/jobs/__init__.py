"""What is done from time to time, and not because somebody asks for it."""
