"""The whole of an audit, from the command line on, over the shipped samples."""
