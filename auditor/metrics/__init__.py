"""What Prometheus is told: one collector a file. No label ever holds an address, a name or an infohash."""
