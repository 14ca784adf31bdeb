"""The processes of the data plane: the supervisor, its workers, their settings and queues."""
