"""The command `chiron`: arguments in, one screen out. A flow is imported only inside the command that runs it."""
