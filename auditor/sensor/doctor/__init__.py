"""What keeps a sensor from working on this machine, and what to do about it. Nothing is changed by looking."""
