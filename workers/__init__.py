"""What runs without anybody asking: sending, sweeping, scheduling, and the queue's actors."""
