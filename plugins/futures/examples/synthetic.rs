//! Writes the recording that travels with the module to the standard output; see the module for the command.

use std::io::Write as _;

#[path = "../src/tests/synthetic.rs"]
mod synthetic;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(&synthetic::example())
}
