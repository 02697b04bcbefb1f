//! The section of the library file that a host reads without loading it.
//!
//! Layout: the 16 bytes of [`MAGIC`], then records of kind (u32), length of the name (u32), length of the content
//! (u64), name, content; all numbers little endian, no padding. Kind 0 ends the list.

/// First bytes of the section. The last two digits are the version of this layout.
pub const MAGIC: &[u8; 16] = b"host.section/001";

/// Name of the section in an ELF file.
pub const ELF_NAME: &str = ".host_module";
/// Name of the section in a Mach-O file, inside segment `__DATA`.
pub const MACH_O_NAME: &str = "__host_module";

/// A record that is to be embedded.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub kind: u32,
    pub name: &'static str,
    /// Pieces that are joined.
    pub content: &'static [&'static [u8]],
}

/// Kind of the manifest: what the library was built by and for.
pub const MANIFEST: u32 = 1;
/// Kind of the descriptor, `module.json`.
pub const DESCRIPTOR: u32 = 2;
/// Kind of an embedded file.
pub const FILE: u32 = 3;

const HEADER: usize = 16;

#[doc(hidden)]
#[must_use]
pub const fn encoded_length(parts: &[Part]) -> usize {
    let mut total = MAGIC.len() + HEADER;
    let mut index = 0;
    while index < parts.len() {
        total += HEADER + parts[index].name.len() + content_length(parts[index].content);
        index += 1;
    }
    total
}

const fn content_length(content: &[&[u8]]) -> usize {
    let mut total = 0;
    let mut index = 0;
    while index < content.len() {
        total += content[index].len();
        index += 1;
    }
    total
}

/// Writes the section at compile time; a wrong `N` fails the build.
#[doc(hidden)]
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "names are shorter than 4 GiB; checked by the array length"
)]
pub const fn encode<const N: usize>(parts: &[Part]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = copy(&mut bytes, 0, MAGIC);
    let mut index = 0;
    while index < parts.len() {
        let part = parts[index];
        at = copy(&mut bytes, at, &part.kind.to_le_bytes());
        at = copy(&mut bytes, at, &(part.name.len() as u32).to_le_bytes());
        at = copy(&mut bytes, at, &(content_length(part.content) as u64).to_le_bytes());
        at = copy(&mut bytes, at, part.name.as_bytes());
        let mut piece = 0;
        while piece < part.content.len() {
            at = copy(&mut bytes, at, part.content[piece]);
            piece += 1;
        }
        index += 1;
    }
    assert!(at + HEADER == N, "the section's length was computed wrong");
    bytes
}

const fn copy<const N: usize>(to: &mut [u8; N], at: usize, from: &[u8]) -> usize {
    let mut index = 0;
    while index < from.len() {
        to[at + index] = from[index];
        index += 1;
    }
    at + from.len()
}

/// A record of a section that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// [`MANIFEST`], [`DESCRIPTOR`], [`FILE`], or something newer.
    pub kind: u32,
    /// Path of an embedded file, else empty.
    pub name: &'a str,
    /// The bytes.
    pub content: &'a [u8],
}

/// Reads a section.
///
/// # Errors
/// A sentence that says what is wrong. Never panics, whatever the bytes.
pub fn decode(section: &[u8]) -> Result<Vec<Record<'_>>, String> {
    let mut rest = section.strip_prefix(MAGIC).ok_or("the section does not begin with the magic text")?;
    let mut records = Vec::new();
    loop {
        let kind = u32::from_le_bytes(take_array(&mut rest)?);
        let name_length = u32::from_le_bytes(take_array(&mut rest)?);
        let content_length = u64::from_le_bytes(take_array(&mut rest)?);
        if kind == 0 {
            return Ok(records);
        }
        let name = take(&mut rest, u64::from(name_length))?;
        let name = std::str::from_utf8(name).map_err(|_| "a record's name is not UTF-8")?;
        let content = take(&mut rest, content_length)?;
        records.push(Record { kind, name, content });
    }
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let (taken, left) = rest.split_at_checked(length).ok_or("the section ends inside a record")?;
    *rest = left;
    Ok(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (taken, left) = rest.split_first_chunk().ok_or("the section ends inside a record")?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &[Part] = &[
        Part { kind: MANIFEST, name: "", content: &[b"{", b"}"] },
        Part { kind: FILE, name: "a.txt", content: &[b"hello"] },
    ];
    static SECTION: [u8; encoded_length(PARTS)] = encode(PARTS);

    #[test]
    fn reads_back_what_was_written() {
        let records = decode(&SECTION).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].content, b"{}");
        assert_eq!(records[1], Record { kind: FILE, name: "a.txt", content: b"hello" });
    }

    #[test]
    fn every_truncation_is_an_error_and_no_flipped_byte_panics() {
        for length in 0..SECTION.len() {
            assert!(decode(&SECTION[..length]).is_err(), "{length}");
        }
        for index in 0..SECTION.len() {
            for bit in 0..8 {
                let mut damaged = SECTION;
                damaged[index] ^= 1 << bit;
                let _ = decode(&damaged);
            }
        }
    }
}
