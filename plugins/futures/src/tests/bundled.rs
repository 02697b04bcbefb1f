//! The recording that travels with the module, and the forms a file may have.

use super::read;
use super::synthetic::{MadeBar, SYMBOLS, bars, example, metadata};
use crate::quarantine::Rule;

pub(super) const BUNDLED: &[u8] = include_bytes!("../../bundled/synthetic.dbn.zst");

#[test]
fn the_bundled_recording_is_what_its_generator_makes() {
    assert_eq!(zstd::decode_all(BUNDLED).unwrap(), example());
    let recording = read(BUNDLED).unwrap();
    let quarantine = &recording.quarantine;
    let counts = [Rule::OffGrid, Rule::Duplicate].map(|rule| quarantine.count(rule));
    assert_eq!((counts, quarantine.len()), ([1, 1], 2));
}

#[test]
fn versions_frames_and_parts_make_no_difference() {
    let bars = bars(7);
    let (dates, range) = ([20_250_912, 20_250_917], [0, u64::MAX]);
    let records =
        |from: usize, to: usize| bars[from..to].iter().flat_map(MadeBar::record).collect::<Vec<u8>>();
    let file = |version, from, to| [metadata(version, &SYMBOLS, dates, range), records(from, to)].concat();
    let whole = read(&file(3, 0, bars.len())).unwrap();
    assert_eq!(whole.quarantine.len(), 0);
    for version in [1, 2] {
        assert_eq!(read(&file(version, 0, bars.len())).unwrap(), whole, "version {version}");
    }
    let parts = [file(1, 0, 2000), file(3, 2000, bars.len())];
    assert_eq!(read(&parts.concat()).unwrap(), whole, "two files in a row");
    let frames = parts.map(|part| zstd::encode_all(&*part, 3).unwrap());
    assert_eq!(read(&frames.concat()).unwrap(), whole, "two frames");
}
