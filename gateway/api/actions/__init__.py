"""What each action does: the commands it becomes, and the answer it gives."""
