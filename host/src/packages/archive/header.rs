//! The 512 bytes before each file of a tar archive. Of the many dialects one is read: plain `ustar`, regular files, every
//! number in octal, every byte that means nothing zero. What is not read cannot mean something else to another program.

use tar::{EntryType, Header};

use crate::error::{Error, Kind, Result};
use crate::packages::archive::refuse;

/// Everything in a tar archive is a multiple of this.
pub(super) const BLOCK_BYTES: usize = 512;

/// Mode bits that a file may have.
const MODE_LIMIT: u64 = 0o755;

/// Where the parts of a header are.
const NAME: std::ops::Range<usize> = 0..100;
const LINK: std::ops::Range<usize> = 157..257;
const MAGIC: std::ops::Range<usize> = 257..265;
const PREFIX: std::ops::Range<usize> = 345..500;
const UNUSED: std::ops::Range<usize> = 500..512;

/// A file that follows.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    /// Its path; plain ASCII is checked elsewhere.
    pub(super) path: String,
    /// Its size.
    pub(super) bytes: u64,
}

/// Reads a header.
pub(super) fn read(block: &[u8; BLOCK_BYTES]) -> Result<Entry> {
    let header = Header::from_byte_slice(block);
    let name = raw_name(block);
    let shown = name.escape_ascii().to_string();
    let written = &header.as_old().cksum;
    // The two ways in which programs end it; any other is damage that the sum does not see.
    let is_ended = matches!(written, [.., b'0'..=b'7', 0] | [.., 0, b' ']);
    if !is_ended || octal(written) != Some(checksum(block)) {
        return Err(refuse(&shown, "has a header whose checksum is wrong"));
    }
    // The type is compared as it stands there: a zero byte is a file to some programs and a folder to others.
    let kind = header.as_old().linkflag[0];
    if let Some(what) =
        other_than_a_file(EntryType::new(kind)).or((kind != b'0').then_some("is of an old type"))
    {
        return Err(refuse(&shown, what));
    }
    if block.get(MAGIC) != Some(b"ustar\x0000") {
        return Err(refuse(&shown, "has a header that is not of plain `ustar` format"));
    }
    for part in [NAME, PREFIX] {
        let part = block.get(part).unwrap_or_default();
        let text = part.split(|byte| *byte == 0).next().unwrap_or_default();
        if part.iter().skip(text.len()).any(|byte| *byte != 0) {
            return Err(refuse(&shown, "has bytes hidden behind its name"));
        }
    }
    for part in [LINK, UNUSED] {
        if block.get(part).unwrap_or_default().iter().any(|byte| *byte != 0) {
            return Err(refuse(&shown, "has a header that says more than name and size"));
        }
    }
    match octal(&header.as_old().mode) {
        Some(mode) if mode & !MODE_LIMIT == 0 => {}
        _ => return Err(refuse(&shown, "has mode bits beyond 0755, such as setuid or write for all")),
    }
    let Some(bytes) = octal(&header.as_old().size) else {
        return Err(refuse(&shown, "has a size that is not written in octal"));
    };
    let path = String::from_utf8(name).map_err(|_| refuse(&shown, "has a name that is not UTF-8"))?;
    Ok(Entry { path, bytes })
}

/// Writes a header that says nothing of when, where and by whom.
pub(super) fn write(path: &str, bytes: u64) -> Result<[u8; BLOCK_BYTES]> {
    let mut header = Header::new_ustar();
    header.set_path(path).map_err(|error| {
        Error::new(Kind::BadInput, format!("`{path}` cannot be packed"))
            .cause(error.to_string())
            .hint("give the file a shorter name and run `host plugin pack` again")
    })?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    Ok(*header.as_bytes())
}

fn other_than_a_file(kind: EntryType) -> Option<&'static str> {
    Some(match kind {
        EntryType::Regular => return None,
        EntryType::Symlink => "is a symbolic link",
        EntryType::Link => "is a hard link",
        EntryType::Directory => "is a folder; folders follow from the files in them",
        EntryType::Char | EntryType::Block => "is a device",
        EntryType::Fifo => "is a fifo",
        EntryType::GNUSparse => "is a sparse file",
        EntryType::GNULongName | EntryType::GNULongLink => "is a long name of GNU tar",
        EntryType::XHeader | EntryType::XGlobalHeader => "is a pax header",
        _ => "is not a regular file",
    })
}

/// The path with its prefix, as it stands there.
fn raw_name(block: &[u8; BLOCK_BYTES]) -> Vec<u8> {
    let part = |range| {
        let part: &[u8] = block.get(range).unwrap_or_default();
        part.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
    };
    let (prefix, name) = (part(PREFIX), part(NAME));
    if prefix.is_empty() { name } else { [prefix, name].join(&b'/') }
}

/// A number of octal digits that ends with a NUL or a space. Other ways to write numbers are not read.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.iter().position(|byte| !(b'0'..=b'7').contains(byte)).unwrap_or(field.len());
    let (digits, rest) = field.split_at_checked(digits)?;
    if digits.is_empty() || rest.is_empty() || !rest.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| value.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

/// The sum of all bytes, those of the checksum itself counted as spaces.
fn checksum(block: &[u8; BLOCK_BYTES]) -> u64 {
    let byte_at =
        |(index, byte): (usize, &u8)| if (148..156).contains(&index) { 32 } else { u64::from(*byte) };
    block.iter().enumerate().map(byte_at).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(path in "[a-z]{1,60}/[a-z]{1,60}", bytes in 0..0o77_777_777_777_u64) {
            prop_assert_eq!(read(&write(&path, bytes).unwrap()).unwrap(), Entry { path, bytes });
        }

        #[test]
        fn no_flipped_bit_of_a_header_goes_unnoticed(index in 0..BLOCK_BYTES, bit in 0..8_u32) {
            let mut block = write("lib/x/y.so", 1234).unwrap();
            block[index] ^= 1 << bit;
            prop_assert!(read(&block).is_err());
        }

        #[test]
        fn no_flipped_bit_of_the_end_of_a_checksum_goes_unnoticed(index in 154..156_usize, bit in 0..8_u32) {
            let mut block = write("lib/x/y.so", 1234).unwrap();
            block[index] ^= 1 << bit;
            prop_assert!(read(&block).is_err());
        }

        #[test]
        fn any_block_is_read_or_refused(block in proptest::collection::vec(any::<u8>(), BLOCK_BYTES)) {
            let block: [u8; BLOCK_BYTES] = block.try_into().unwrap();
            let _ = read(&block);
        }
    }
}
