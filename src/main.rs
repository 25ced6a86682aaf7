//! Parses the command line, calls a command, prints a human error.
fn main() {}
