"""The command line: one file a command.  Each parses, builds the config, calls one workflow, prints."""
