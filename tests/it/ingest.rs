//! ingest

pub(crate) mod packing;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let _ = packing::zstd_bomb;
    vec![]
}
