"""What runs in threads of its own while the window answers."""
