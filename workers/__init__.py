"""Background processes: queue workers, the scheduler, the senders and the embedded Redis server."""
